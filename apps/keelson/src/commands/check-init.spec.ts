import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Captured, newDirectory } from '../fixture.contract';
import { dataDirectory } from '../data-directory';
import { check } from './check';
import { init } from './init';

function newContext(isJson = false) {
  const [out, problems] = [new Captured(), new Captured()];
  const data = dataDirectory('/nowhere', '/');
  return { context: { data, output: out.output, problems: problems.output, isJson, isColoured: false }, out };
}

function written(text: string | Uint8Array): string {
  const file = path.join(newDirectory(), 'file.yaml');
  writeFileSync(file, text);
  return file;
}

function repository(files: Record<string, string> = {}, ...options: string[]): string {
  const directory = newDirectory();
  execFileSync('git', ['init', '-q', ...options, '--', directory]);
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(directory, file), text);
  return directory;
}

describe('keelson check', () => {
  it('tells every fault at once, also what this column cannot do', async () => {
    const file = written(
      'image: { nam: x }\ntest: { command: [a], secrets: { T: { secret: b, key: c } } }\nrelease: {}\n',
    );
    const { context, out } = newContext();
    expect(await check(context, file)).toBe(1);
    expect(out.lines.map((line) => line.slice(file.length))).toEqual([
      expect.stringMatching(/^:1:10: .*nam.*name/),
      expect.stringMatching(/^:2:23: not yet on this column: test\.secrets/),
      expect.stringMatching(/^:3:1: not yet on this column: release/),
    ]);
  });

  it('tells machines the places', async () => {
    const { context, out } = newContext(true);
    const file = written('test: { command: [a], x: 1 }\n');
    expect(await check(context, file)).toBe(1);
    expect(JSON.parse(out.lines[0]!)).toMatchObject({ file, faults: [{ line: 1, column: 23 }] });
  });

  it.each([
    ['a little too large', 262_145],
    ['far too large', 10_000_000],
  ])('says how large a file is that is %s, and does not read it', async (_what, sizeBytes) => {
    const { context, out } = newContext();
    expect(await check(context, written(Buffer.alloc(sizeBytes, '#')))).toBe(1);
    expect(out.lines).toEqual([
      expect.stringContaining(`:1:1: the file has ${sizeBytes} bytes; a pipeline file may have at most 262144`),
    ]);
  });

  it('finds the file of a directory', async () => {
    const directory = repository({ '.keelson.yaml': 'test: none\n' });
    const { context, out } = newContext();
    expect(await check(context, directory)).toBe(0);
    expect(out.lines).toEqual([`${path.join(directory, '.keelson.yaml')} is fine`]);
  });

  it('says what writes a file that is missing', async () => {
    const { context } = newContext();
    await expect(check(context, newDirectory())).rejects.toThrow(/there is no .*\.keelson\.yaml; `keelson init`/);
  });
});

describe('keelson init', () => {
  it.each([
    ['a package', { 'package.json': '{"scripts":{"test":"jest"}}' }, /npm/],
    ['a Go module', { 'go.mod': 'module x\n' }, /"go", "test"/],
    ['a makefile', { Makefile: 'test:\n\ttrue\n' }, /"make", "test"/],
    ['nothing in particular', {}, /does not say yet/],
  ])('writes a file that fits %s, and that check passes', async (_what, files, command) => {
    const directory = repository(files);
    const { context, out } = newContext();
    await init(context, directory);
    const file = path.join(directory, '.keelson.yaml');
    expect(readFileSync(file, 'utf8')).toMatch(command);
    expect(out.lines[0]).toMatch(/^wrote .*\.keelson\.yaml: read it, commit it/);
    expect(await check(context, file)).toBe(0);
  });

  it('writes it at the top of the repository', async () => {
    const directory = repository({ 'go.mod': 'module x\n' });
    mkdirSync(path.join(directory, 'deep/er'), { recursive: true });
    await init(newContext().context, path.join(directory, 'deep/er'));
    expect(readFileSync(path.join(directory, '.keelson.yaml'), 'utf8')).toMatch(/"go", "test"/);
  });

  it('never replaces a file', async () => {
    const directory = repository({ '.keelson.yaml': 'mine' });
    await expect(init(newContext().context, directory)).rejects.toThrow(
      /is there already; `keelson check` validates it/,
    );
    expect(readFileSync(path.join(directory, '.keelson.yaml'), 'utf8')).toBe('mine');
  });

  it('wants a working copy', async () => {
    await expect(init(newContext().context, newDirectory())).rejects.toThrow(/no git repository at .*git init/);
    await expect(init(newContext().context, repository({}, '--bare'))).rejects.toThrow(/bare repository/);
  });
});
