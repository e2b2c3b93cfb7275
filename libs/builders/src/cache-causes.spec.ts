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

describe('why steps were run again', () => {
  const miss = (stage: string, text: string): BuildStep => ({ stage, text, cache: 'miss' });
  const reasons = (
    steps: readonly BuildStep[],
    files: { now: Readonly<Record<string, string>>; was: Readonly<Record<string, string>> },
    more: { now?: Partial<BuildInputs>; was?: Partial<BuildInputs> } = {},
  ) =>
    cacheCauses(steps, inputs(files.now, more.now), inputs(files.was, more.was)).map(({ because }) =>
      because?.replace(/^(the file \S+ changed) .*/, '$1'),
    );
  /** The same Dockerfile, and a file that changed. */
  const changed = (Dockerfile: string, file = 'a') => ({
    now: { Dockerfile, [file]: '2' },
    was: { Dockerfile, [file]: '1' },
  });

  it('is told for each platform by itself', () => {
    const files = changed('FROM b\nCOPY . .\nRUN make\n');
    const steps = ['linux/amd64', 'linux/arm64'].flatMap((on) => [miss(on, 'COPY . .'), miss(on, 'RUN make')]);
    const one = ['the file a changed', 'an earlier step was run again: COPY . .'];
    expect(reasons(steps, files)).toEqual([...one, ...one]);
  });

  it('may be a stage of the same platform, or of the one that it was compiled on', () => {
    const files = changed('FROM b AS build\nCOPY . .\nFROM c\nCOPY --from=build /o /o\n');
    const last = (platform: string) => miss(`${platform} stage-1`, 'COPY --from=build /o /o');
    const crossed = [miss('linux/amd64 build', 'COPY . .'), last('linux/arm64')];
    expect(reasons(crossed, files)[1]).toBe('the stage build was run again: COPY . .');
    const other: BuildStep[] = [
      miss('linux/amd64 build', 'COPY . .'),
      { ...miss('linux/arm64 build', 'COPY . .'), cache: 'hit' },
      last('linux/arm64'),
    ];
    expect(reasons(other, files)[2]).toMatch(/^unknown/);
  });

  it('is told of stages that are written in another case', () => {
    const files = changed(
      'FROM b AS Builder\nCOPY . .\nFROM BUILDER AS more\nRUN make\nFROM c\nCOPY --from=BuildER /o /o\n',
    );
    const told = [miss('builder', 'COPY . .'), miss('more', 'RUN make'), miss('stage-2', 'COPY --from=BuildER /o /o')];
    expect(reasons(told, files)).toEqual([
      ...[
        'the file a changed',
        'the stage BUILDER was run again: COPY . .',
        'the stage BuildER was run again: COPY . .',
      ],
    ]);
    const renamed = {
      now: files.now,
      was: { ...files.was, Dockerfile: files.was.Dockerfile!.replace('AS Builder', 'AS builder') },
    };
    // Not that the stage is new.
    expect(reasons(told.slice(0, 1), renamed)).toEqual(['the file Dockerfile changed']);
  });

  it('is never a stage that only has the name of its base', () => {
    const Dockerfile = 'FROM node AS node\nRUN make\n';
    const [because] = reasons([miss('node', 'RUN make')], { now: { Dockerfile }, was: { Dockerfile } });
    expect(because).toMatch(/^unknown/);
  });

  const digestOf = (digit: string) => `sha256:${digit.repeat(64)}`;
  const moved = (reference: string) => ({
    now: { bases: [{ reference, digest: digestOf('2') }] },
    was: { bases: [{ reference, digest: digestOf('1') }] },
  });

  it.each([
    ['FROM node:20', 'node:20', 'docker.io/library/node:20'],
    ['FROM team/base', 'team/base', 'docker.io/team/base:latest'],
    ['FROM docker.io/library/node:20', 'docker.io/library/node:20', 'node:20'],
    ['ARG V=20\nFROM node:${V}', 'node:20', 'docker.io/library/node:20'],
  ])('may be a base that moved, however it is named: %j', (from, base, reference) => {
    const files = changed(`${from}\nCOPY a a\n`);
    expect(reasons([miss('0', 'COPY a a')], files, moved(reference))).toEqual([
      `the base ${base} moved from 111111111111 to 222222222222`,
    ]);
  });

  it('may be a base that an argument names', () => {
    const Dockerfile = 'ARG V=20\nFROM node:${V} AS build\nCOPY a a\n';
    const args = { now: { args: { V: '21' } }, was: {} };
    expect(reasons([miss('build', 'COPY a a')], changed(Dockerfile), args)).toEqual([
      'the base is node:21, it was node:20',
    ]);
    const written = {
      now: { Dockerfile: Dockerfile.replace('node:', 'docker.io/library/node:'), a: '2' },
      was: { Dockerfile, a: '1' },
    };
    expect(reasons([miss('build', 'COPY a a')], written)).toEqual(['the file a changed']);
  });

  it('is for RUN what it has mounted', () => {
    const run = 'RUN --mount=source=package.json,target=package.json npm ci';
    const text = `FROM b\n${run}\n`;
    expect(reasons([miss('0', run)], changed(text, 'package.json'))).toEqual(['the file package.json changed']);
    expect(reasons([miss('0', run)], changed(text, 'README'))[0]).toMatch(/^unknown/);
    const whole = 'RUN --mount=target=/src make';
    expect(reasons([miss('0', whole)], changed(`FROM b\n${whole}\n`))).toEqual(['the file a changed']);
  });

  it('is for RUN a stage that it has mounted, and no file of the context', () => {
    const run = 'RUN --mount=type=bind,from=deps,target=/d make';
    const files = changed(`FROM b AS deps\nCOPY a a\nFROM c\n${run}\n`);
    expect(reasons([miss('deps', 'COPY a a'), miss('stage-1', run)], files)[1]).toBe(
      'the stage deps was run again: COPY a a',
    );
    expect(reasons([miss('stage-1', run)], files)[0]).toMatch(/^unknown/);
  });
});
