import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runGit, runTool, temporaryDirectory } from '../old-tools/testing';
import { semver } from './semver';

type Case = {
  name: string;
  file: string;
  readme: string;
  branch: string;
  tags: string[];
  args: string[];
  exit: number;
  stdout: string;
  stderr: string;
  readme_after: string;
  other_after: string;
};

const recorded = JSON.parse(
  readFileSync(path.join(__dirname, '../../../../libs/version/testdata/semver.json'), 'utf8'),
) as { cases: Case[] };

/** The clock of the recording, from the time it wrote into a pre-release. */
const recordedAt = [...'hiwmsyg'].reduce((sum, letter) => sum * 25 + 'abcdefghijkmnopqrstuvwxyz'.indexOf(letter), 0);
const now = (): Date => new Date(recordedAt * 1000);

let cwd: string;
beforeEach(() => (cwd = temporaryDirectory()));
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const write = (file: string, text: string): void => writeFileSync(path.join(cwd, file), text);
const read = (file: string): string => readFileSync(path.join(cwd, file), 'utf8');
const run = (args: readonly string[], env: Record<string, string> = {}) => runTool(semver, { args, cwd, env, now });

function repository(branch = 'main', tags: readonly string[] = []): void {
  runGit(cwd, 'init', '--quiet');
  write('file', 'readme');
  runGit(cwd, 'checkout', '--quiet', '-b', branch);
  runGit(cwd, 'add', 'file');
  runGit(cwd, 'commit', '--quiet', '-m', 'one');
  for (const tag of tags) runGit(cwd, 'tag', tag);
}

describe('every recorded run', () => {
  it.each(recorded.cases.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
    repository(one.branch === 'main' ? 'trunk-to-be' : one.branch, one.tags);
    if (one.branch === 'main') runGit(cwd, 'branch', '-m', 'main');
    write(one.file, one.readme);
    write('other.md', 'v <repo-version>0.0.0</repo-version>\n');
    const { status, stdout, stderr } = await run(one.args);
    const crashed = one.exit === 2;
    expect({ status, stdout }).toEqual({ status: crashed ? 254 : one.exit, stdout: one.stdout });
    expect(stderr).toMatch(crashed ? /^no git tag is a version.*\n$/ : '');
    if (!crashed) expect(stderr.startsWith(one.stderr)).toBe(true);
    expect([read(one.file), read('other.md')]).toEqual([one.readme_after, one.other_after]);
  });
});

describe('semver', () => {
  beforeEach(() => write('README.md', '<repo-version>1.2.3</repo-version>'));

  it('sorts the tags, and lists pre-releases only when asked', async () => {
    repository('work', ['v1.10.0', '1.2.0', '1.2.0-rc.2', 'notaversion', '1.9']);
    expect(await run(['-g', 'sort'])).toEqual({ status: 0, stdout: '1.2.0\n1.9.0\n1.10.0\n', stderr: '' });
    expect((await run(['--g', '-rc', 'sort'])).stdout).toBe('1.2.0-rc.2\n1.2.0\n1.9.0\n1.10.0\n');
  });

  it('starts from the newest tag with -g, its v kept, and writes the file', async () => {
    repository('work', ['v1.10.0', '1.2.0']);
    expect((await run(['-g', 'minor'])).stdout).toBe('v1.11.0\n');
    expect(read('README.md')).toBe('<repo-version>v1.11.0</repo-version>\n');
  });

  it('writes and prints a prefix', async () => {
    expect((await run(['-p=v', 'extract'])).stdout).toBe('v1.2.3\n');
    expect(read('README.md')).toBe('<repo-version>1.2.3</repo-version>');
    expect((await run(['-p', 'v', 'patch'])).stdout).toBe('v1.2.4\n');
    expect(read('README.md')).toBe('<repo-version>v1.2.4</repo-version>\n');
    expect(await run(['-p', 'x', 'patch'])).toMatchObject({ status: 254, stdout: '' });
    expect(await run(['-p', 'x', '-t', 'README.md', 'apply'])).toMatchObject({ status: 248, stdout: '' });
    expect(read('README.md')).toBe('<repo-version>v1.2.4</repo-version>\n');
  });

  it('writes no file of several when one of them is missing', async () => {
    write('a.md', '<repo-version>0.0.0</repo-version>');
    expect(await run(['-t', 'a.md,none.md', 'apply'])).toMatchObject({ status: 252 });
    expect(read('a.md')).toBe('<repo-version>0.0.0</repo-version>');
    write('b.adoc', ':Revision: 0.0.0\n');
    expect(await run(['-t', 'a.md,b.adoc', 'apply'])).toMatchObject({ status: 0, stdout: '1.2.3\n' });
    expect(read('a.md') + read('b.adoc')).toBe('<repo-version>1.2.3</repo-version>\n:Revision: 1.2.3\n');
  });

  it('takes options from the environment, the command line first', async () => {
    write('VERSION', '<repo-version>7.0.0</repo-version>');
    expect((await run(['major'], { F: 'VERSION', P: 'v' })).stdout).toBe('v8.0.0\n');
    expect((await run(['-f', 'README.md'], { F: 'VERSION', G: 'no bool' })).stdout).toBe('1.2.3\n');
  });

  it('reads README.adoc where there is no README.md', async () => {
    rmSync(path.join(cwd, 'README.md'));
    expect(await run([])).toMatchObject({
      status: 254,
      stderr: expect.stringContaining('open README.adoc: no such file'),
    });
    write('README.adoc', ':Revision: 3.0.0\n');
    expect((await run([])).stdout).toBe('3.0.0\n');
    expect(await run(['-f', ''])).toMatchObject({ status: 254, stderr: 'no input file was found\n' });
  });

  it('says why where git is needed and cannot help', async () => {
    expect(await run(['pre'])).toMatchObject({
      status: 251,
      stderr: expect.stringMatching(/^an operation that required git failed due to no git/),
    });
    expect(await run(['rc'])).toMatchObject({ status: 250, stderr: expect.stringContaining('no git repository') });
    expect(await run(['-g', 'patch'])).toMatchObject({
      status: 254,
      stderr: expect.stringContaining('no git repository'),
    });
    runGit(cwd, 'init', '--quiet');
    expect(await run(['pre'])).toMatchObject({ status: 251, stderr: expect.stringContaining('no commit yet') });
    runGit(cwd, 'add', '.');
    runGit(cwd, 'commit', '--quiet', '-m', 'one');
    runGit(cwd, 'checkout', '--quiet', '--detach');
    expect(await run(['pre'])).toMatchObject({ status: 251, stderr: expect.stringContaining('HEAD is detached') });
    mkdirSync(path.join(cwd, 'sub'));
    expect((await run(['-git', 'sub', 'rc'])).stdout).toBe('1.2.3-rc.1\n');
  });

  it('refuses what it does not know', async () => {
    expect(await run(['bogus'])).toMatchObject({
      status: 254,
      stderr: expect.stringContaining("'bogus' is not a valid command"),
    });
    expect(await run(['-x'])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^flag provided but not defined: -x\nusage:/),
    });
    expect(await run(['-f'])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^flag needs an argument: -f\n/),
    });
    expect(await run(['-g=maybe'])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^invalid boolean value "maybe" for -g/),
    });
    expect(await run(['---g'])).toMatchObject({ status: 2, stderr: expect.stringMatching(/^bad flag syntax: ---g/) });
    expect(await run(['patch', '-f', 'x'])).toMatchObject({
      status: 255,
      stderr: expect.stringContaining('too many (3) commands'),
    });
    expect(await run(['-help'])).toMatchObject({
      status: 0,
      stdout: '',
      stderr: expect.stringMatching(/^usage: keelson semver/),
    });
    expect((await run(['--', 'extract'])).stdout).toBe('1.2.3\n');
  });
});
