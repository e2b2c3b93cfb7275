import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readVersion, writeVersion } from './version-file';

let cwd: string;
beforeEach(() => (cwd = mkdtempSync(path.join(tmpdir(), 'keelson-version-test-'))));
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const write = (file: string, text: string | Buffer): void => writeFileSync(path.join(cwd, file), text);
const read = (file: string): string => readFileSync(path.join(cwd, file), 'latin1');

async function versionOf(file: string, text: string): Promise<string> {
  write(file, text);
  return (await readVersion(file, { cwd })).original;
}

describe('the version in a file', () => {
  it('is found in tags, whatever is in them', async () => {
    expect(
      await versionOf('a.md', 'x <repo-version><b>v1.2.3</b></repo-version>\r\n<repo-version>1.2.3</repo-version>'),
    ).toBe('1.2.3');
    expect(
      await versionOf('a.md', '<repo-version></repo-version><repo-version>1&#46;2&#x2e;3&plus;a</repo-version>'),
    ).toBe('1.2.3+a');
  });

  it('is found as an AsciiDoc attribute', async () => {
    expect(await versionOf('a.adoc', '= T\r\n:Author: x\r\n:Revision:  2.1.0 \r\n')).toBe('2.1.0');
    await expect(versionOf('a.md', ':Revision: 2.1.0\n')).rejects.toThrow('version not found');
  });

  it('must be one, and a version', async () => {
    const two = '<repo-version>1.0.0</repo-version>\n<repo-version>1.0.1</repo-version>';
    await expect(versionOf('a.md', two)).rejects.toMatchObject({ code: 'versions-differ' });
    for (const second of ['', 'one']) {
      await expect(versionOf('a.md', two.replace('1.0.1', second))).rejects.toMatchObject({ code: 'versions-differ' });
    }
    await expect(versionOf('a.md', '<repo-version>1\n.0.0</repo-version>')).rejects.toMatchObject({
      code: 'version-not-found',
    });
    await expect(versionOf('a.md', '<repo-version>x</repo-version>')).rejects.toMatchObject({ extracted: 'x' });
    await expect(readVersion('none.md', { cwd })).rejects.toThrow('open none.md: no such file or directory');
    await expect(readVersion('.', { cwd })).rejects.toThrow('open .: illegal operation on a directory');
  });

  it('is written everywhere in the file; every other character, the mode and a link stay', async () => {
    const around = Buffer.from([0xff, 0x00, 0xe2, 0x80, 0xa8, 0x0a]).toString('latin1');
    write(
      'real.md',
      Buffer.from(`${around}<repo-version>1.0.0</repo-version>$&${around}<repo-version></repo-version>`, 'latin1'),
    );
    chmodSync(path.join(cwd, 'real.md'), 0o751);
    symlinkSync('real.md', path.join(cwd, 'link.md'));
    await writeVersion('link.md', '1.0.1-$&', { cwd });
    expect(read('real.md')).toBe(
      `${around}<repo-version>1.0.1-$&</repo-version>$&${around}<repo-version>1.0.1-$&</repo-version>\n`,
    );
    expect(statSync(path.join(cwd, 'real.md')).mode & 0o777).toBe(0o751);
    expect(lstatSync(path.join(cwd, 'link.md')).isSymbolicLink()).toBe(true);
    expect(readdirSync(cwd).sort()).toEqual(['link.md', 'real.md']);
  });

  it('is written by exchanging the file, so that nobody reads half of it', async () => {
    write('a.adoc', ':Revision: 2.1.0');
    const before = statSync(path.join(cwd, 'a.adoc')).ino;
    await writeVersion('a.adoc', '3.0.0', { cwd });
    expect(read('a.adoc')).toBe(':Revision: 3.0.0\n');
    expect(statSync(path.join(cwd, 'a.adoc')).ino).not.toBe(before);
  });

  it('is written with line feeds at the end of lines, as the tools before did', async () => {
    write('a.adoc', '= T\r\n:Revision: 2.1.0 \r\n\r\nmore\r');
    await writeVersion('a.adoc', '3.0.0', { cwd });
    expect(read('a.adoc')).toBe('= T\n:Revision: 3.0.0 \n\nmore\n');
  });

  it('is not written where the file may not be, whatever its directory allows', async () => {
    write('a.md', '<repo-version>1.0.0</repo-version>\n');
    chmodSync(cwd, 0o777);
    chmodSync(path.join(cwd, 'a.md'), 0o444);
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65_534); // whom permissions are for
    try {
      await expect(writeVersion('a.md', '2.0.0', { cwd })).rejects.toThrow('open a.md: permission denied');
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
    expect(read('a.md')).toBe('<repo-version>1.0.0</repo-version>\n');
    expect(readdirSync(cwd)).toEqual(['a.md']);
  });

  it('leaves a file alone that has nothing to change', async () => {
    write('a.md', 'no version');
    const before = statSync(path.join(cwd, 'a.md'));
    await writeVersion('a.md', '3.0.0', { cwd });
    expect(statSync(path.join(cwd, 'a.md')).ino).toBe(before.ino);
    await expect(writeVersion('none.md', '1.0.0', { cwd })).rejects.toThrow('open none.md: no such file or directory');
  });
});
