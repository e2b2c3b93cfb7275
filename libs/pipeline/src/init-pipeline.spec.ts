import { initPipeline } from './init-pipeline';
import { parsePipeline } from './parse-pipeline';

type Tree = Readonly<Record<string, string>>;

const initOf = (tree: Tree): Promise<string> => initPipeline((name) => Promise.resolve(tree[name]), Object.keys(tree));

/** The command of the file that `init` writes, which must be a good one. */
async function commandFor(tree: Tree): Promise<readonly string[]> {
  const parsed = parsePipeline(await initOf(tree), { column: 'machine' });
  if (!parsed.ok || parsed.pipeline.test === 'none') throw new Error(`not a good file: ${JSON.stringify(parsed)}`);
  return parsed.pipeline.test.command;
}

const withScript = (more: object) => JSON.stringify({ scripts: { test: 'jest' }, ...more });

describe('the pipeline file that init writes', () => {
  it.each<[string, Tree, string]>([
    ['a script with an interpreter', { 'ci.sh': '#!/bin/bash\nmake\n' }, './ci.sh'],
    ['a script without one', { 'ci.sh': 'make\n' }, 'sh ./ci.sh'],
    [
      'npm with a lock file',
      { 'package.json': withScript({ dependencies: { a: '1' } }), 'package-lock.json': '' },
      'sh -c npm ci && npm test',
    ],
    [
      'npm without one',
      { 'package.json': withScript({ devDependencies: { a: '1' } }) },
      'sh -c npm install && npm test',
    ],
    ['npm without dependencies', { 'package.json': withScript({}) }, 'npm test'],
    [
      'pnpm',
      { 'package.json': withScript({ dependencies: { a: '1' } }), 'pnpm-lock.yaml': '' },
      'sh -c pnpm install --frozen-lockfile && pnpm test',
    ],
    [
      'yarn',
      { 'package.json': withScript({ dependencies: { a: '1' } }), 'yarn.lock': '' },
      'sh -c yarn install --frozen-lockfile && yarn test',
    ],
    ['Go', { 'go.mod': 'module x\n' }, 'go test ./...'],
    ['Rust', { 'Cargo.toml': '' }, 'cargo test'],
    ['Python', { 'pyproject.toml': '' }, 'python3 -m pytest'],
    ['Maven', { 'pom.xml': '' }, 'mvn -B test'],
    ['Gradle with its wrapper', { gradlew: '', 'build.gradle': '' }, './gradlew test'],
    ['make test', { Makefile: '.PHONY: test\nV := 1\nall test: x\n\techo\n' }, 'make test'],
    ['make check', { makefile: 'check:\n\techo\n' }, 'make check'],
    [
      'CMake',
      { 'CMakeLists.txt': '' },
      'sh -c cmake -S . -B build && cmake --build build && cd build && ctest --output-on-failure --no-tests=error',
    ],
  ])('fits %s', async (_what, tree, command) => {
    expect((await commandFor(tree)).join(' ')).toBe(command);
  });

  it.each<[string, Tree]>([
    ['an empty repository', {}],
    [
      'a package.json without a test',
      { 'package.json': '{"scripts":{"test":"echo \\"Error: no test specified\\" && exit 1"}}' },
    ],
    ['a package.json that is broken', { 'package.json': '{' }],
    ['a makefile without a test', { Makefile: 'test := 1\n\ttest: x\n# test: y\nall: test\n' }],
  ])('fails clearly in %s', async (_what, tree) => {
    expect((await commandFor(tree)).at(-1)).toMatch(/does not say yet how to test.*>&2; exit 1$/);
  });

  it('takes the first way, and names the others', async () => {
    const text = await initOf({ 'go.mod': '', Makefile: 'test:\n\tgo test\n', 'ci.sh': '#!/bin/sh' });
    expect(text).toMatch(/# Found: ci\.sh\.[^]*command: \["\.\/ci\.sh"\]\n/);
    expect(text).toMatch(/# Or, for go\.mod:\n {2}# command: \["go", "test", "\.\/\.\.\."\]\n/);
    expect(text).toContain('# command: ["make", "test"]\n');
  });

  it('says that the base image is not entered on one machine', async () => {
    expect(await initOf({})).toContain('the base image is not entered');
  });

  it('stays good when its examples are taken', async () => {
    const text = (await initOf({ 'go.mod': '', 'ci.sh': '' })).replace(/^ {2}# (env|artifacts): /gm, '  $1: ');
    const parsed = parsePipeline(text);
    expect(parsed.ok && parsed.pipeline.test).toMatchObject({ env: { LEVEL: 'debug' }, artifacts: ['dist/*'] });
  });
});
