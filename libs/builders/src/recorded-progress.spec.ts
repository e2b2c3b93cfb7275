import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { BuildProgress, ProgressReader } from './build-progress';
import { BuildkitProgress } from './buildkit-progress';
import { isUsersFault } from './failure-class';
import { KanikoProgress } from './kaniko-progress';
import { MakisuProgress } from './makisu-progress';

const readers: Record<string, () => ProgressReader> = {
  buildkit: () => new BuildkitProgress(),
  kaniko: () => new KanikoProgress(),
  // Of another fork, which says some things otherwise.
  'kaniko-1.25': () => new KanikoProgress(),
  makisu: () => new MakisuProgress(),
};
const tools = Object.keys(readers);

/** What the real builder printed in a pod of a cluster. */
function recorded(tool: string, name: string): BuildProgress {
  const reader = readers[tool]!();
  const text = readFileSync(path.join(__dirname, 'testdata', `${tool}.${name}.log`), 'utf8');
  for (const line of text.replace(/\n$/, '').split('\n')) reader.line(line);
  return reader.end();
}

const deps = 'RUN echo "deps for $(cat go.mod)" > /deps.txt';
const cacheOf = (tool: string, name: string) =>
  recorded(tool, name)
    .steps.filter(({ text }) => !text.startsWith('WORKDIR'))
    .map(({ text, cache }) => [text.replace('level 1', 'level $LEVEL'), cache]);
const compiled = 'RUN echo "compiled level $LEVEL with $(cat main.txt)" > /out.txt';
const all = (cache: string) => [
  ['COPY go.mod ./', cache],
  [deps, cache],
  ['COPY . .', cache],
  [compiled, cache],
  ['COPY --from=build /out.txt /out.txt', cache],
];

describe.each(tools)('what %s printed', (tool) => {
  it('when nothing was cached: each step missed', () => {
    const { failure, bases } = recorded(tool, 'cold');
    expect(failure).toBeUndefined();
    expect(bases.map(({ reference }) => reference)).toEqual(['198.18.0.1:5000/busybox:1']);
    expect(cacheOf(tool, 'cold')).toEqual(all('miss'));
  });

  it('when nothing had changed: each step was a hit', () => {
    expect(cacheOf(tool, 'warm-unchanged')).toEqual(all('hit'));
  });

  it('when one file had changed: hits up to the step that copies it, misses from there', () => {
    const [copyMod, runDeps] = all('hit');
    const [, , copyAll, compile, copyOut] = all('miss');
    expect(cacheOf(tool, 'warm-one-file')).toEqual([copyMod, runDeps, copyAll, compile, copyOut]);
  });

  it('when a command failed: which, and its last output', () => {
    const { failure } = recorded(tool, 'failing-run');
    expect(failure).toMatchObject({
      ...{ class: 'step-failed', step: 'RUN echo before && sh -c "echo oops >&2; exit 3"' },
      output: ['before', 'oops'],
    });
    expect(failure?.message).toContain('3');
  });

  it.each([
    ['bad-dockerfile', 'dockerfile', 'RUNN'],
    ['missing-base', 'base-not-found', tool.startsWith('kaniko') ? 'nosuch' : 'nosuch:1'],
    ['missing-copy', 'file-not-found', 'nothere'],
  ])('when it was the user (%s): %s', (name, kind, word) => {
    const { failure } = recorded(tool, name);
    expect(failure?.class).toBe(kind);
    expect(failure?.message).toContain(word);
    expect(isUsersFault(failure!.class)).toBe(true);
    if (kind === 'dockerfile') expect(failure?.line).toBe(2);
  });

  it('cut off at any line says nothing that it does not know', () => {
    const text = readFileSync(path.join(__dirname, 'testdata', `${tool}.failing-run.log`), 'utf8').split('\n');
    for (let upTo = 0; upTo < text.length - 2; upTo += 1) {
      const reader = readers[tool]!();
      for (const line of text.slice(0, upTo)) reader.line(line);
      expect(reader.end().failure).toBeUndefined();
    }
  });
});

describe.each(['buildkit', 'kaniko', 'makisu'])('what %s printed', (tool) => {
  it('when the registry could not be reached: ours, to be tried again', () => {
    const { failure, digest } = recorded(tool, 'registry-unreachable');
    expect(failure).toMatchObject({ class: tool === 'makisu' ? 'registry' : 'network', output: [] });
    expect(isUsersFault(failure!.class)).toBe(false);
    expect(digest).toBeUndefined();
  });

  it.each([
    ['missing-dockerfile', /dockerfile/i],
    ['missing-target', /nosuch/],
  ])('when what is to be built is not there (%s): the user can mend it', (name, words) => {
    const { failure } = recorded(tool, name);
    expect(failure?.class).toBe('dockerfile');
    expect(failure?.message).toMatch(words);
  });

  it('of a line that was written in two parts, and has no end', () => {
    expect(recorded(tool, 'half-a-line').failure?.output).toEqual(['half a line']);
  });
});

describe('Kaniko', () => {
  const stepsOf = (tool: string) => recorded(tool, 'warm-unchanged').steps.map(({ text }) => text);

  it('has WORKDIR among its steps where that version keeps it in the cache, and only there', () => {
    expect(stepsOf('kaniko')).toContain('WORKDIR /src');
    expect(stepsOf('kaniko-1.25')).toEqual(stepsOf('kaniko').filter((text) => text !== 'WORKDIR /src'));
  });
});

describe('Kaniko besides', () => {
  it('tells instructions as they are written, also in lower case', () => {
    const reader = new KanikoProgress();
    const say = (msg: string) => reader.line(JSON.stringify({ level: 'info', msg }));
    ["Building stage 'b' [idx: '0', base-idx: '-1']", 'workdir /a', 'run a', 'Running: [/bin/sh -c a]'].forEach(say);
    ['No cached layer found for cmd run b', 'run b', 'User x'].forEach(say);
    reader.line('not of b');
    reader.line('error building image: error building stage: waiting for process to exit: exit status 1');
    const { steps, failure } = reader.end();
    expect(steps).toEqual(['run a', 'run b'].map((text) => ({ stage: '0', text, cache: 'miss' })));
    expect(failure).toMatchObject({ step: 'User x', output: ['not of b'] });
  });
});

describe('the digest', () => {
  it.each([
    ['buildkit', 'cold', 'sha256:3f749b1be6e54331cb4df642023d98fa85df7cd5e27b083bafcf8624d0b12fe2'],
    ['buildkit', 'warm-one-file', 'sha256:9f22d89196adaaa89200318a6d7d4517e522aaca0419685b2ba99d7fceb85bae'],
    ['kaniko', 'cold', 'sha256:3979e35558a13c94c6a91a97f51c88b5c919d31abfd7d4dc60a1fc639b85514a'],
    ['kaniko', 'warm-unchanged', 'sha256:46f958e43793fb36d34ef2da88389e62dc43751d36a3e953036e6b5f5d959b4b'],
  ])('that %s says it pushed (%s)', (tool, name, digest) => {
    expect(recorded(tool, name).digest).toBe(digest);
  });
});

describe('BuildKit besides', () => {
  it('names the line of the step, and the digest of the base', () => {
    expect(recorded('buildkit', 'failing-run').failure?.line).toBe(2);
    expect(recorded('buildkit', 'missing-copy').failure).toMatchObject({ line: 2, step: 'COPY nothere /x' });
    expect(recorded('buildkit', 'cold').bases).toEqual([
      {
        reference: '198.18.0.1:5000/busybox:1',
        digest: 'sha256:510170761256a9d3b963387363fa85483db62f3cf158fea9231a19c65fae1dfe',
      },
    ]);
  });
});
