import { BuildkitProgress } from './buildkit-progress';

/** What is told of these steps, the last step's first, as BuildKit prints it. */
function told(names: readonly string[], words: readonly string[] = []) {
  const reader = new BuildkitProgress();
  const vertexes = names.map((name) => ({ digest: `sha256:${name}`, name, started: '2026-11-26T12:00:00Z' }));
  reader.line(JSON.stringify({ vertexes: [...vertexes].reverse() }));
  for (const line of words) reader.line(line);
  return reader.end();
}

describe("the names of BuildKit's steps", () => {
  it('are padded where a stage has ten or more: its steps are told in order, by the name of the stage', () => {
    const { steps, bases } = told([
      ...['[build  1/12] FROM docker.io/library/node:20', '[build  2/12] WORKDIR /src', '[build 10/12] RUN make'],
      ...['[build  3/12] COPY . .', '[stage-1 2/2] COPY --from=build /o /o'],
    ]);
    expect(bases).toEqual([{ reference: 'docker.io/library/node:20' }]);
    expect(steps.map(({ stage, text }) => [stage, text])).toEqual([
      ['build', 'WORKDIR /src'],
      ['build', 'COPY . .'],
      ['build', 'RUN make'],
      ['stage-1', 'COPY --from=build /o /o'],
    ]);
    const alone = told(['[ 3/12] RUN a', '[10/12] RUN c', '[ 9/12] RUN b']).steps;
    expect(alone.map(({ stage, text }) => [stage, text])).toEqual([
      ['0', 'RUN a'],
      ['0', 'RUN b'],
      ['0', 'RUN c'],
    ]);
  });

  it('have the platform where there are several', () => {
    const { steps } = told([
      ...['[linux/amd64  2/10] COPY . .', '[linux/arm/v7  2/10] COPY . .', '[linux/amd64->arm64 build 2/3] RUN make'],
    ]);
    expect(steps.map(({ stage }) => stage)).toEqual(['linux/amd64', 'linux/arm/v7', 'linux/amd64->arm64 build']);
  });

  it('may have more than one line', () => {
    expect(told(['[2/2] RUN <<EOF (a...)\n[1/1] b']).steps).toMatchObject([
      { stage: '0', text: 'RUN <<EOF (a...)\n[1/1] b' },
    ]);
  });
});
