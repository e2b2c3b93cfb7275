import { lineOfStep } from './step-places';

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
