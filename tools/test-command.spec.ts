import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.join(__dirname, '..');

describe('npm test', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'keelson-suites-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  /** It runs jest twice, and here both take every suite of the directory. */
  const npmTest = (): Promise<{ status: number | string | null | undefined; printed: string }> =>
    new Promise((resolve) => {
      const suites = [`--roots=${directory}`, '--testMatch=**/*.suite.cjs'];
      const own = { KEELSON_COUNTS: undefined, KEELSON_SUITES: undefined, KEELSON_SERVER_LOGS: undefined };
      const options = { cwd: root, env: { ...process.env, ...own } };
      execFile(process.execPath, ['tools/test.mjs', ...suites], options, (error, printed) =>
        resolve({ status: error === null ? 0 : error.code, printed }),
      );
    });

  it('ends with what failed, and the counts of all', async () => {
    const broken = "throw new Error('no such module'); test('never', () => {});";
    const mixed = `
      test('works', () => {});
      test.skip('is left out', () => {});
      test('does not work', () => { throw new Error('the disk burns'); });`;
    await writeFile(path.join(directory, 'mixed.suite.cjs'), mixed);
    await writeFile(path.join(directory, 'broken.suite.cjs'), broken);
    const { status, printed } = await npmTest();
    expect(status).toBe(1);
    expect(printed.match(/failed: \S*mixed\.suite\.cjs: does not work\nError: the disk burns\n/g)).toHaveLength(2);
    expect(printed.match(/failed: \S*broken\.suite\.cjs: it could not be run\n.*no such module/g)).toHaveLength(2);
    expect(printed).toMatch(/\n2 passed, 4 failed, 2 skipped\n$/);
  });

  it('ends with 0 when nothing failed', async () => {
    await writeFile(path.join(directory, 'good.suite.cjs'), "test('works', () => {});");
    const { status, printed } = await npmTest();
    expect([status, printed]).toEqual([0, '\n2 passed, 0 failed, 0 skipped\n']);
  });
});
