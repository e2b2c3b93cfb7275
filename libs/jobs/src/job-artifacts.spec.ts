import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findArtifacts } from './job-artifacts';
import { contentOf } from './jobs-harness.contract';
import { scratch } from './process-harness.contract';

describe('artifacts', () => {
  let directory: string;
  beforeEach(() => {
    directory = scratch();
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const pathsOf = async (...patterns: string[]) => (await findArtifacts(directory, patterns)).map((file) => file.path);

  it('are none where a link stands for the working directory, or above it', async () => {
    const work = path.join(directory, 'a', 'work');
    mkdirSync(path.join(directory, 'a'));
    symlinkSync('/etc', work);
    expect(await findArtifacts(work, ['**'])).toEqual([]);
    mkdirSync(path.join(directory, 'b', 'work'), { recursive: true });
    writeFileSync(path.join(directory, 'b', 'work', 'x'), '');
    rmSync(path.join(directory, 'a'), { recursive: true });
    symlinkSync('b', path.join(directory, 'a'));
    expect(await findArtifacts(work, ['**'])).toEqual([]);
  });

  it('are not read through a link that took their place', async () => {
    writeFileSync(path.join(directory, 'x'), 'mine');
    const [file] = await findArtifacts(directory, ['x']);
    renameSync(path.join(directory, 'x'), path.join(directory, 'y'));
    symlinkSync('/etc/passwd', path.join(directory, 'x'));
    await expect(contentOf(file)).rejects.toThrow('ELOOP');
  });

  it('have names that are no UTF-8 all the same', async () => {
    writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0x61, 0xff])]), 'odd');
    const [file] = await findArtifacts(directory, ['a*']);
    expect(file?.path).toBe('a\ufffd');
    expect(await contentOf(file)).toBe('odd');
  });

  it('are looked for only where a pattern can match', async () => {
    mkdirSync(path.join(directory, 'a', 'b', 'c'), { recursive: true });
    for (const name of ['a/1', 'a/b/2', 'a/b/c/3', '{x}', 'a/[y]']) writeFileSync(path.join(directory, name), '');
    expect(await pathsOf('a/*')).toEqual(['a/1', 'a/[y]']);
    expect(await pathsOf('a/{1,b/2}')).toEqual(['a/1', 'a/b/2']);
    expect(await pathsOf('a/*/*')).toEqual(['a/b/2']);
    expect(await pathsOf('a/**/3', 'a/\\[y\\]', '!a/1')).toEqual(['a/[y]', 'a/b/c/3']);
  });

  it('are refused when there are too many, or too many to look through', async () => {
    for (let n = 0; n <= 10; n += 1) writeFileSync(path.join(directory, String(n)), '');
    const find = (maxFiles: number, maxLooked: number) => findArtifacts(directory, ['*'], { maxFiles, maxLooked });
    const refused = (text: string) => ({ code: 'jobs', transient: false, message: expect.stringContaining(text) });
    await expect(find(10, 100)).rejects.toMatchObject(refused('more than 10 files match'));
    await expect(find(100, 10)).rejects.toMatchObject(refused('more than 10 files to look through'));
    expect(await find(11, 11)).toHaveLength(11);
  });
});
