import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describeFaults } from './fault';
import { maxPipelineBytes } from './file-text';
import { readManifest } from './manifest/read-manifest';
import { parsePipeline } from './parse-pipeline';

function faultsOf(content: string | Uint8Array): string {
  const result = parsePipeline(content);
  return result.ok ? 'none' : describeFaults(result.faults, 'f');
}

/** A file filled up with one thing: enough to overflow any stack that grows with it. */
const full = (unit: string): string => unit.repeat(Math.floor(40_000 / unit.length));

/** Names that each stand for ten of the one before: 10^9 texts. */
const bomb = 'abcdefghi'
  .split('')
  .map(
    (name, index, names) =>
      `${name}: &${name} [${Array(10)
        .fill(index === 0 ? 'ha' : `*${names[index - 1]}`)
        .join(', ')}]`,
  )
  .join('\n');

describe('a hostile pipeline file', () => {
  it('cannot make a bomb of aliases', () => {
    expect(faultsOf(bomb)).toMatch(/^f:\d+:\d+: the aliases repeat more than 1000 values \(write the values out\)$/);
    expect(
      faultsOf(
        bomb.replaceAll(
          /\[(.*)\]/g,
          (_, list: string) =>
            `{${list
              .split(', ')
              .map((item, n) => `k${n}: ${item}`)
              .join(', ')}}`,
        ),
      ),
    ).toContain('the aliases repeat more than 1000 values');
  });

  it('cannot hold itself', () => {
    expect(faultsOf('test: &a { command: *a }')).toContain('nested more than 32 deep');
    expect(faultsOf('test: { command: &a [*a] }')).toContain('nested more than 32 deep');
  });

  it('cannot reach the prototype of anything', () => {
    expect(faultsOf('__proto__: { polluted: true }\nconstructor: { prototype: { polluted: true } }\ntest: none')).toBe(
      'f:1:1: no key may be called __proto__\n' +
        'f:2:1: unknown key constructor (known here: image, build, test, onBase, release)',
    );
    expect(faultsOf('test: { command: [a], env: { __proto__: { polluted: true } } }')).toContain(
      'no key may be called __proto__',
    );
    const kept = parsePipeline('test: { command: [a], env: { constructor: 1, toString: 2 } }');
    expect(kept.ok && kept.pipeline.test).toMatchObject({ env: { constructor: '1', toString: '2' } });
    expect({}).not.toHaveProperty('polluted');
  });

  it('is refused unread when it is too large', () => {
    expect(faultsOf(Buffer.alloc(10 * 1_048_576, '#'))).toBe(
      'f:1:1: the file is 10 MiB; a pipeline file may have at most 256 KiB',
    );
    expect(faultsOf('é'.repeat(200_000))).toBe('f:1:1: the file is 391 KiB; a pipeline file may have at most 256 KiB');
    expect(faultsOf('#'.repeat(maxPipelineBytes + 1))).toBe(
      'f:1:1: the file is too large; a pipeline file may have at most 256 KiB',
    );
    expect(faultsOf(`test: none\n${'#'.repeat(maxPipelineBytes - 11)}`)).toBe('none');
  });

  it('is refused when it is not UTF-8, with the place', () => {
    const latin1 = Buffer.from('test: none\nimage: { name: caf\xe9 }\n', 'latin1');
    expect(faultsOf(latin1)).toBe('f:2:19: the file is not UTF-8 (save it as UTF-8)');
    expect(faultsOf(Buffer.from('\ufefftest: none\n', 'utf16le'))).toBe(
      'f:1:1: the file is not UTF-8 (it looks like UTF-16; save it as UTF-8)',
    );
    expect(faultsOf(Buffer.from('test: none\n# \xe2\x82', 'latin1'))).toContain('f:2:3: the file is not UTF-8');
  });

  it('is refused when it holds control characters', () => {
    expect(faultsOf('test:\n  command: ["a\u0000b"]\n')).toBe(
      'f:2:15: the control character U+0000 may not be in a YAML file',
    );
    expect(faultsOf('# \u001b[2J\ntest: none')).toContain('f:1:3: the control character U+001B');
  });

  it.each([
    ['opened lists', '['],
    ['opened mappings', '{a: '],
    ['lists in lists', '- '],
    ['closed lists', ']'],
    ['anchors', '&a '],
    ['tags', '! '],
    ['unknown escapes', 'a: "\\q\\q\\q\n'],
    ['documents', '---\n'],
    ['aliases', '*a '],
    ['empty lines', '\n'],
    ['equal keys', 'a:\n'],
  ])('is refused when it holds nothing but %s', (_what, unit) => {
    const result = parsePipeline(full(unit));
    const faults = result.ok ? [] : result.faults;
    expect(faults.length).toBeGreaterThan(0);
    expect(faults.length).toBeLessThanOrEqual(51);
  });

  it.each(['[', '{a: ', '- ', '? ', '[a,', '!x [', '&a [', '["x", '])(
    'is refused before anybody reads it by recursion when it holds nothing but %j',
    (unit) => {
      const content = unit.repeat(maxPipelineBytes / unit.length);
      expect(faultsOf(content)).toMatch(/^f:1:\d{1,4}: nested too deeply$/);
      const manifest = readManifest(content);
      expect(manifest.ok ? [] : manifest.faults.map(({ message }) => message)).toEqual(['nested too deeply']);
    },
  );

  it('does not end the process that reads it again and again', () => {
    const code = `
      const { parsePipeline, readManifest } = require(${JSON.stringify(path.join(__dirname, 'index.ts'))});
      for (let round = 0; round < 4; round += 1)
        for (const unit of ['[', '{a: ', '- ', '? ', '[a,', '["x", ']) {
          parsePipeline(unit.repeat(${maxPipelineBytes} / unit.length));
          readManifest(unit.repeat(${maxPipelineBytes} / unit.length));
        }`;
    const register = path.resolve(__dirname, '../../bus/testdata/register.cjs');
    const { status, signal } = spawnSync(process.execPath, ['-r', register, '-e', code], { stdio: 'ignore' });
    expect({ status, signal }).toEqual({ status: 0, signal: null });
  });

  it('is told a bounded number of faults, and how many there are', () => {
    const lines = faultsOf(Array.from({ length: 1000 }, (_, index) => `key-${index}: x`).join('\n')).split('\n');
    expect(lines).toHaveLength(51);
    expect(lines.at(-1)).toBe('f:50:1: and 951 more faults from here on');
  });

  it('never makes the reader throw, and every fault lies in the file', () => {
    const good =
      'image: { name: &n a, base: debian:12 }\nbuild:\n  strategy: append\ntest:\n  command: ["./ci.sh", *n]\n  env:\n    A: 1\n';
    const alphabet = '{}[]:,-?&*!|>"\'%@`#\t\n \\0a~<';
    // A fixed sequence: the same files at every run.
    let state = 20_260_401;
    const next = (limit: number): number => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((state / 2_147_483_648) * limit);
    };
    for (let round = 0; round < 1000; round += 1) {
      let text = good;
      for (let edit = 0; edit <= next(4); edit += 1) {
        const at = next(text.length + 1);
        text = text.slice(0, at) + (alphabet[next(alphabet.length)] ?? '') + text.slice(at + next(3));
      }
      const result = parsePipeline(text, { column: 'machine' });
      const rows = text.split('\n');
      for (const { line, column, message } of result.ok ? [] : result.faults) {
        expect(message).not.toBe('');
        expect(line).toBeLessThanOrEqual(rows.length);
        expect(column).toBeLessThanOrEqual((rows[line - 1]?.length ?? 0) + 1);
      }
    }
  });
});
