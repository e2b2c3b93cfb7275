import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { dataDirectory, prepareDataDirectory, requireDataDirectory, socketPath } from './data-directory';
import { newDirectory } from './fixture.contract';

const at = (directory: string) => dataDirectory(directory, '/');

describe('the data directory', () => {
  it('is ./.keelson unless somebody chose another', () => {
    expect(dataDirectory(undefined, '/srv/widget').root).toBe('/srv/widget/.keelson');
    expect(dataDirectory('../data', '/srv/widget').root).toBe('/srv/data');
  });

  it('is made for its owner alone, and ignored by git', async () => {
    const data = at(path.join(newDirectory(), 'deep', 'data'));
    await prepareDataDirectory(data);
    expect(statSync(data.root).mode & 0o777).toBe(0o700);
    expect(readFileSync(path.join(data.root, '.gitignore'), 'utf8')).toBe('*\n');
    await prepareDataDirectory(data);
    await requireDataDirectory(data);
  });

  it('may be an empty directory', async () => {
    const data = at(newDirectory());
    await prepareDataDirectory(data);
    await requireDataDirectory(data);
  });

  it('is never mixed with other files', async () => {
    const directory = newDirectory();
    writeFileSync(path.join(directory, '.gitignore'), 'dist/\n');
    await expect(prepareDataDirectory(at(directory))).rejects.toThrow(/holds other files/);
    expect(readdirSync(directory)).toEqual(['.gitignore']);
    expect(readFileSync(path.join(directory, '.gitignore'), 'utf8')).toBe('dist/\n');
  });

  it('is not made by a question', async () => {
    const data = at(path.join(newDirectory(), 'data'));
    await expect(requireDataDirectory(data)).rejects.toThrow(/there is no data directory .*`keelson up` makes one/);
    expect(existsSync(data.root)).toBe(false);
  });

  it('is not taken for one when it is any directory', async () => {
    const directory = newDirectory();
    mkdirSync(path.join(directory, 'src'));
    await expect(requireDataDirectory(at(directory))).rejects.toThrow(/there is no data directory/);
    expect(readdirSync(directory)).toEqual(['src']);
  });

  it('cannot be a file', async () => {
    const file = path.join(newDirectory(), 'file');
    writeFileSync(file, '');
    await expect(prepareDataDirectory(at(file))).rejects.toThrow(/cannot be used \(ENOTDIR\); name another/);
    await expect(requireDataDirectory(at(file))).rejects.toThrow(/ENOTDIR/);
  });

  it('has its socket inside, or in a private place when the path is too long', async () => {
    const short = at('/srv/.keelson');
    expect(await socketPath(short)).toBe('/srv/.keelson/keelson.sock');
    const [one, other] = [at(`/srv/${'a'.repeat(120)}`), at(`/srv/${'b'.repeat(120)}`)];
    const place = await socketPath(one);
    expect(place).toBe(await socketPath(one));
    expect(place).not.toBe(await socketPath(other));
    expect(statSync(path.dirname(place)).mode & 0o777).toBe(0o700);
  });
});
