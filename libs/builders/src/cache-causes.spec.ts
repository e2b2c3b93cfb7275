import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { builders } from './builders';
import type { StrategyName } from './builder-settings';
import { cacheCauses } from './cache-causes';
import type { BuildInputs } from './cache-causes';
import type { BuildStep } from './build-progress';

const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

function inputs(files: Readonly<Record<string, string>>, more: Partial<BuildInputs> = {}): BuildInputs {
  return {
    ...{
      dockerfile: files['Dockerfile'] ?? '',
      ignore: files['.dockerignore'] ?? '',
      context: '.',
      args: {},
      bases: [],
    },
    files: new Map(Object.entries(files).map(([name, content]) => [name, sha256(content)])),
    ...more,
  };
}

/** What a real builder was given and what it printed. */
function recorded(tool: StrategyName, name: string) {
  const at = (ending: string) => readFileSync(path.join(__dirname, 'testdata', `${tool}.${name}.${ending}`), 'utf8');
  const reader = builders[tool].reader();
  for (const line of at('log').split('\n')) reader.line(line);
  const { steps, bases } = reader.end();
  const { files } = JSON.parse(at('json')) as { files: Record<string, string> };
  return { steps, inputs: inputs(files, { bases }) };
}

describe.each(Object.keys(builders) as StrategyName[])('why steps were run again by %s', (tool) => {
  it('is the file that changed, then what follows from it', () => {
    const [cold, warm] = [recorded(tool, 'cold'), recorded(tool, 'warm-one-file')];
    const causes = cacheCauses(warm.steps, warm.inputs, cold.inputs).filter(({ cache }) => cache === 'miss');
    const [one, two] = [sha256('one\n'), sha256('two\n')].map((digest) => digest.slice(7, 19));
    expect(causes.map(({ because }) => because)).toEqual([
      `the file main.txt changed from ${one} to ${two}`,
      'an earlier step was run again: COPY . .',
      'the stage build was run again: COPY . .',
    ]);
  });

  it('is not said of what was in the cache, nor known without a build before', () => {
    const [cold, warm] = [recorded(tool, 'cold'), recorded(tool, 'warm-unchanged')];
    expect(cacheCauses(warm.steps, warm.inputs, cold.inputs).some(({ because }) => because !== undefined)).toBe(false);
    const [first] = cacheCauses(cold.steps, cold.inputs, undefined);
    expect(first?.because).toBe('unknown: there is no build before to compare with');
  });
});

describe('the first input that changed', () => {
  const file =
    'FROM base AS build\nARG LEVEL=1\nENV A=1\nCOPY --chown=1 src lib/*.c ./\nRUN make\nFROM base\nCOPY --from=build /o /o\n';
  const tree = {
    Dockerfile: file,
    'src/a.c': 'a',
    'lib/b.c': 'b',
    'lib/sub/c.c': 'c',
    README: 'r',
    '.dockerignore': 'src/gen\n*.md\n!KEEP.md\n',
  };
  const steps = (...misses: number[]): BuildStep[] =>
    [
      { stage: 'build', text: 'COPY src lib/*.c ./' },
      { stage: 'build', text: 'RUN make' },
      { stage: 'stage-1', text: 'COPY --from=build /o /o' },
    ].map((step, at) => ({ ...step, cache: misses.includes(at) ? 'miss' : 'hit' }));
  const causes = (
    now: Readonly<Record<string, string>>,
    {
      more = {},
      was = {},
      misses = [0, 1, 2],
    }: { more?: Partial<BuildInputs>; was?: Partial<BuildInputs>; misses?: number[] } = {},
  ) =>
    cacheCauses(steps(...misses), inputs({ ...tree, ...now }, more), inputs(tree, was)).map(({ because }) => because);

  it.each([
    [
      'a file below a directory that is copied',
      { 'src/a.c': 'A' },
      /^the file src\/a.c changed from \w{12} to \w{12}$/,
    ],
    ['a new file that a pattern stands for', { 'lib/d.c': 'd' }, /^the file lib\/d.c is new/],
    ['a file that is copied nowhere', { README: 'R', 'lib/sub/c.c': 'C' }, /^unknown: nothing that it reads/],
    ['a file that is ignored', { 'src/gen/x': 'x', 'src/gen': 'y' }, /^unknown/],
    [
      'the instruction',
      { Dockerfile: file.replace('src lib', 'src') },
      /^the instruction changed, it was: COPY --chown=1 src lib/,
    ],
    ['an instruction before', { Dockerfile: file.replace('A=1', 'A=2') }, /^line 3 changed, it was: ENV A=1$/],
    [
      'the base, by name',
      { Dockerfile: file.replace('FROM base AS', 'FROM other AS') },
      /^the base is other, it was base$/,
    ],
  ])('may be %s', (_what, now, because) => {
    expect(causes(now)[0]).toMatch(because);
  });

  it('may be a file that is gone', () => {
    const { 'src/a.c': _gone, ...rest } = tree;
    const [first] = cacheCauses(steps(0), inputs(rest), inputs(tree));
    expect(first?.because).toMatch(/^the file src\/a.c is gone/);
  });

  it('may be the base, by digest', () => {
    const bases = (digit: string) => [{ reference: 'base', digest: `sha256:${digit.repeat(64)}` }];
    const all = causes({}, { more: { bases: bases('2') }, was: { bases: bases('1') } });
    expect(all[0]).toBe('the base base moved from 111111111111 to 222222222222');
    expect(all[2]).toBe('the base base moved from 111111111111 to 222222222222');
  });

  it('may be a build argument, from where it is declared', () => {
    const all = causes({}, { more: { args: { LEVEL: '2' } }, misses: [1] });
    expect(all).toEqual([undefined, 'the build argument LEVEL is "2", it was "1"', undefined]);
  });

  it('of a stage that copies from another is that stage', () => {
    expect(causes({ 'src/a.c': 'A' })[2]).toBe('the stage build was run again: COPY src lib/*.c ./');
  });

  it('looks below the context only', () => {
    const moved = (content: string) => ({ 'app/src/a.c': content, 'src/a.c': `other ${content}` });
    const at = { context: 'app', dockerfile: file };
    const [first] = cacheCauses(steps(0), inputs(moved('A'), at), inputs(moved('a'), at));
    expect(first?.because).toMatch(/^the file src\/a.c changed/);
  });
});
