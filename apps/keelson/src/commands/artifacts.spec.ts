import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { keepArtifact, runName, stageEndedKey } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import { at, begin, newAsking, newDirectory, runOf } from '../fixture.contract';
import { artifacts } from './artifacts';

const run = runOf(1);

async function keep(ledger: Ledger, attempt: number, files: Record<string, string>): Promise<void> {
  const kept = [];
  for (const [file, text] of Object.entries(files)) {
    const content = (async function* () {
      yield Buffer.from(text);
    })();
    kept.push(await keepArtifact(ledger.store, { run: run.run, attempt, path: file }, content));
  }
  await begin(ledger, { ...run, attempt });
  await ledger.write(stageEndedKey({ run: run.run, attempt, stage: 'test' }), {
    ...{ stage: 'test', outcome: 'success', startedAt: at(1), endedAt: at(2), artifacts: kept },
  });
}

describe('keelson artifacts', () => {
  it('fetches the files of the last attempt that kept any', async () => {
    const { asking, ledger, out } = await newAsking();
    await keep(ledger, 1, { 'dist/out.txt': 'built', ' odd': '', '..hidden': 'x' });
    await keep(ledger, 2, {});
    const to = newDirectory();
    await artifacts(asking, 'last', { to });
    expect(readFileSync(path.join(to, 'dist/out.txt'), 'utf8')).toBe('built');
    expect(readdirSync(to).sort()).toEqual([' odd', '..hidden', 'dist']);
    expect(out.lines[0]).toBe(`${path.join(to, 'dist/out.txt')}  5 bytes`);
  });

  it('puts them into a directory of the run’s own', async () => {
    const { asking, ledger } = await newAsking();
    await keep(ledger, 1, { 'a.txt': 'a' });
    const before = process.cwd();
    process.chdir(newDirectory());
    try {
      await artifacts(asking, 'last', {});
      expect(readFileSync(path.join(runName(run.run), 'a.txt'), 'utf8')).toBe('a');
    } finally {
      process.chdir(before);
    }
  });

  it.each(['../out', '/etc/out', 'a/../../out'])('never writes to %s', async (file) => {
    const { asking, ledger } = await newAsking();
    await keep(ledger, 1, { [file]: 'x' });
    const to = path.join(newDirectory(), 'to');
    await expect(artifacts(asking, 'last', { to })).rejects.toThrow(/would leave/);
    expect(existsSync(path.join(to, '../out'))).toBe(false);
  });

  it('says how files are kept when there are none', async () => {
    const { asking, ledger } = await newAsking();
    await keep(ledger, 1, {});
    await expect(artifacts(asking, 'last', {})).rejects.toThrow(/kept no files; test\.artifacts/);
    await expect(artifacts(asking, 'last', { attempt: 7 })).rejects.toThrow(/attempt 7 of .* kept no files/);
  });
});
