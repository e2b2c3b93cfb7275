import { readDockerfile } from './dockerfile';
import { lineOfStep, StepPlaces } from './step-places';

const text = `FROM debian:12 AS build
WORKDIR /src
COPY a \\
  /a
# twice the same
RUN make
RUN make
FROM debian:12
RUN make
`;
const step = (stage: string, told: string) => ({ stage, text: told, cache: 'miss' as const });

describe('the line of a step that failed', () => {
  it('is where its instruction begins, by what was told of the stage before it', () => {
    const steps = [step('build', 'COPY a   /a'), step('build', 'RUN make')];
    expect(lineOfStep(text, steps, 'RUN make')).toBe(6);
    expect(lineOfStep(text, [...steps, step('build', 'RUN make')], 'RUN make')).toBe(7);
    expect(lineOfStep(text, [...steps, step('1', 'RUN make')], 'RUN make')).toBe(9);
  });

  it("is a base's FROM, and none where the Dockerfile has no such step", () => {
    expect(lineOfStep(text, [], 'FROM debian:12')).toBe(1);
    expect(lineOfStep(text, [], 'FROM nothing:1')).toBeUndefined();
    expect(lineOfStep(text, [step('build', 'ADD x /x')], 'ADD x /x')).toBeUndefined();
    expect(lineOfStep('', [step('0', 'RUN make')], 'RUN make')).toBeUndefined();
  });
});

describe('the instruction that a step is', () => {
  const file = readDockerfile('FROM a AS Build\nCOPY . .\nRUN make\nFROM b\nCOPY --from=build /o /o\n');
  const linesOf = (...told: [string, string][]) => {
    const places = new StepPlaces(file);
    return told.map(([stage, text]) => places.next({ stage, text })?.line);
  };

  it('is found by the name of its stage in any case', () => {
    expect(linesOf(['build', 'COPY . .'], ['BUILD', 'run make'], ['Stage-1', 'COPY x'])).toEqual([2, 3, 5]);
  });

  it('is found for each platform by itself', () => {
    expect(
      linesOf(
        ...([
          ['linux/amd64 build', 'COPY . .'],
          ['linux/arm/v7 build', 'COPY . .'],
          ['linux/amd64->arm64 build', 'COPY . .'],
          ['linux/arm/v7 build', 'RUN make'],
          ['linux/arm/v7 stage-1', 'COPY --from=build /o /o'],
        ] as [string, string][]),
      ),
    ).toEqual([2, 2, 2, 3, 5]);
  });

  it('is found where the only stage has no name beside the platform', () => {
    const places = new StepPlaces(readDockerfile('FROM a\nCOPY . .\n'));
    const of = (stage: string) => places.next({ stage, text: 'COPY . .' })?.line;
    expect([of('linux/amd64'), of('linux/arm64'), of('windows(10.0.17763)/amd64')]).toEqual([2, 2, 2]);
  });
});
