import { randomUUID } from 'node:crypto';
import { contentOf, jobSpec, run, sh } from './jobs-harness.contract';
import type { JobsHarness, MakeHarness } from './jobs-harness.contract';
import type { Jobs } from './jobs';

export function describeFiles(makeHarness: MakeHarness): void {
  let harness: JobsHarness;
  let jobs: Jobs;

  beforeAll(async () => {
    harness = await makeHarness();
    jobs = await harness.open();
  });
  afterAll(() => harness.end());

  /** Skipped, with its reason, where the adapter says so. */
  function keeps(what: string, test: () => Promise<void>): void {
    it(what, async () => {
      if (harness.keepsFiles) return test();
      process.stdout.write(`skipped: ${what}: this adapter does not keep files\n`);
    });
  }

  async function filesOf(script: string, artifacts: readonly string[]) {
    const { name } = await run(jobs, jobSpec(harness, sh(script), { artifacts }));
    return jobs.files(name);
  }

  keeps('keeps the files that match, with their bytes', async () => {
    const files = await filesOf('mkdir -p dist/deep; printf one > dist/a; echo two > dist/deep/b; echo no > c', [
      'dist/*',
    ]);
    expect(files.map(({ path, sizeBytes }) => [path, sizeBytes])).toEqual([['dist/a', 3]]);
    expect(await contentOf(files[0])).toBe('one');
  });

  keeps('keeps each file once, whatever patterns it matches', async () => {
    const files = await filesOf('mkdir -p a/b; touch a/x.xml a/b/y.xml z.xml', ['**/*.xml', 'a/**', './z.xml', 'z.*']);
    expect(files.map(({ path }) => path)).toEqual(['a/b/y.xml', 'a/x.xml', 'z.xml']);
  });

  keeps('keeps files of jobs that failed, and none where none match', async () => {
    expect((await filesOf('touch report.xml; exit 1', ['*.xml'])).map(({ path }) => path)).toEqual(['report.xml']);
    expect(await filesOf('exit 0', ['*.xml', 'no/such/**'])).toEqual([]);
  });

  keeps('follows no links, wherever they are, and leads nowhere else', async () => {
    const script =
      'mkdir d; echo in > d/in; ln -s /etc etc; ln -s /etc/passwd passwd; ln -s ../d d/loop; ln -s d/in link';
    const files = await filesOf(script, ['**', 'etc/*', 'passwd', 'd/loop/in', '../**', '/etc/passwd', 'd/../../**']);
    expect(files.map(({ path }) => path)).toEqual(['d/in', harness.sample.path].sort());
  });

  keeps('keeps only regular files', async () => {
    const files = await filesOf('mkfifo pipe; echo x > plain; mkdir dir', ['p*', 'dir', 'dir/*']);
    expect(files.map(({ path }) => path)).toEqual(['plain']);
  });

  keeps('matches dotted files only by a dot', async () => {
    const script = 'mkdir out .cache; touch out/.hidden out/shown .cache/x';
    expect((await filesOf(script, ['out/*', '*/x'])).map(({ path }) => path)).toEqual(['out/shown']);
    expect((await filesOf(script, ['out/.*', '.cache/*'])).map(({ path }) => path)).toEqual([
      '.cache/x',
      'out/.hidden',
    ]);
  });

  keeps('copes with odd names', async () => {
    const files = await filesOf(String.raw`mkdir d; cd d; touch -- '-n' 'a b' "$(printf 'new\nline')" '!x' 'ü'`, [
      'd/**',
    ]);
    expect(files.map(({ path }) => path)).toEqual(['d/!x', 'd/-n', 'd/a b', 'd/new\nline', 'd/ü']);
  });

  keeps('has no files of a job that runs or is not there', async () => {
    const spec = jobSpec(harness, sh('sleep 600'), { artifacts: ['*'] });
    await jobs.ensure(spec);
    await expect(jobs.files(spec.name)).rejects.toMatchObject({ code: 'jobs', transient: true });
    await jobs.stop(spec.name);
    await expect(jobs.files(`${randomUUID()}.1.test`)).rejects.toMatchObject({ code: 'jobs', transient: false });
  });
}
