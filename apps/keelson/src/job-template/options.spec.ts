import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { temporaryDirectory } from '../old-tools/testing';
import { ToolFailure } from '../old-tools/tool-io';
import { hasJobTemplate, jobTemplateOptions } from './options';

const cwd = temporaryDirectory();
mkdirSync(path.join(cwd, 'ci'));
writeFileSync(path.join(cwd, 'ci', 'build.yaml'), 'kind: Job\n');
writeFileSync(path.join(cwd, 'token'), 's3cr3t-file\n');
const registry = { RegistryIP: '10.1.1.46', RegistryPort: '32000' };

async function options(args: readonly string[], env: Record<string, string> = registry) {
  let told = '';
  const parsed = await jobTemplateOptions({ args, env, cwd, stderr: (text) => (told += text) });
  return { ...parsed, text: parsed.text === undefined ? undefined : Buffer.from(parsed.text).toString(), told };
}

const refusal = (args: readonly string[], env?: Record<string, string>) =>
  options(args, env).then(
    () => undefined,
    (error: unknown) =>
      error instanceof ToolFailure ? `${error.status} ${error.message.split('\n')[0] ?? ''}` : error,
  );

describe('the command line of git-watch', () => {
  it('is told from that of `keelson watch` by its template', () => {
    expect(hasJobTemplate(['-v', '-job-template', 'x', 'u^b'])).toBe(true);
    expect(hasJobTemplate(['--job-template=x'])).toBe(true);
    expect(hasJobTemplate(['../job-template', '--job-templates'])).toBe(false);
  });

  it('is read as a whole, with one dash or two', async () => {
    const line =
      '-v --debug --job-template ci/build.yaml -namespace=team --ignore-warn --ignore-aws-errors=true --persistent-state-dir /var/state https://git.example/w^main https://git.example/w^feature/*';
    expect(await options(line.split(' '))).toEqual({
      ...{ file: 'ci/build.yaml', text: 'kind: Job\n', isVerbose: true, keepNamespaces: true, namespace: 'team' },
      ...{ isQuiet: true, ignoreAws: true, data: '/var/state', registry: '10.1.1.46:32000', token: undefined },
      sources: ['https://git.example/w^main', 'https://git.example/w^feature/*'],
      ...{ helper: undefined, once: false, told: '' },
    });
  });

  it('may name a template that only commits have, or one from elsewhere', async () => {
    expect(await options(['-job-template', 'other.yaml', 'u^b'])).toMatchObject({
      file: 'other.yaml',
      text: undefined,
    });
    const there = path.join(cwd, 'ci', 'build.yaml');
    expect(await options(['-job-template', there, 'u^b'])).toMatchObject({ file: 'ci/build.yaml' });
    const elsewhere = { args: ['-job-template', '../ci/build.yaml', 'u^b'], env: registry, cwd: path.join(cwd, 'sub') };
    expect(await jobTemplateOptions({ ...elsewhere, stderr: () => undefined })).toMatchObject({ file: 'build.yaml' });
  });

  it('takes the token from the environment or a file, and warns when everybody can see it', async () => {
    const args = ['--job-template', 'x', 'u^b'];
    expect(await options(args, { ...registry, GITHUB_TOKEN: 's3cr3t' })).toMatchObject({ token: 's3cr3t', told: '' });
    expect(await options(['--github-token-file', 'token', ...args])).toMatchObject({ token: 's3cr3t-file', told: '' });
    const seen = await options(['--github-token', 's3cr3t', ...args]);
    expect(seen).toMatchObject({ token: 's3cr3t', told: expect.stringContaining('GITHUB_TOKEN') });
    expect(seen.told).not.toContain('s3cr3t');
  });

  it.each([
    ['no source', ['--job-template', 'x'], '2 name what to watch, as URL^BRANCH'],
    ['no file', ['--job-template', '', 'u^b'], '2 --job-template needs the name of a file'],
    ['a file that is nowhere', ['--job-template', '/nowhere/x.yaml', 'u^b'], '2 open /nowhere/x.yaml: no such file'],
    ['an unknown option', ['--job-template', 'x', '--nothing', 'u^b'], '2 flag provided but not defined: -nothing'],
    [
      'a namespace of 80 characters',
      ['--job-template', 'x', '--namespace', 'n'.repeat(80), 'u^b'],
      /has 80 characters; it may have 63$/,
    ],
    [
      'a namespace that is none',
      ['--job-template', 'x', '--namespace', 'A_b', 'u^b'],
      /may hold a-z, 0-9 and hyphens$/,
    ],
    ['help', ['--job-template', 'x', '-h'], '0 usage: keelson watch --job-template FILE [options] URL^BRANCH...'],
  ])('says what is wrong: %s', async (_what, args, expected) => {
    expect(await refusal(args)).toEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected));
  });

  it('says what is missing where no registry is named', async () => {
    expect(await refusal(['--job-template', 'x', 'u^b'], {})).toMatch(/^2 where do images go\?/);
    expect(await options(['--registry', 'r.example/team', '--job-template', 'x', 'u^b'], {})).toMatchObject({
      registry: 'r.example/team',
    });
  });
});
