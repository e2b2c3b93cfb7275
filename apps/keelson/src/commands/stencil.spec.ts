import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { runGit, runTool, temporaryDirectory } from '../old-tools/testing';
import { stencil } from './stencil';

type Case = {
  template: string;
  values: string;
  env: Record<string, string>;
  exit: number;
  stdout: string;
  stderr: string;
};
const recorded = JSON.parse(
  readFileSync(path.join(__dirname, '../../../../libs/template/testdata/stencil.json'), 'utf8'),
) as { base_env: Record<string, string>; cases: Case[] };

let root: string;
let cwd: string;
beforeAll(() => {
  root = temporaryDirectory();
  cwd = path.join(root, 'repo');
  mkdirSync(path.join(cwd, 'cmd', 'My Tool'), { recursive: true });
  runGit(cwd, 'init', '--quiet');
  write('README.md', '# x <repo-version>1.4.2-beta.3</repo-version>\n');
  runGit(cwd, 'checkout', '--quiet', '-b', 'feature/42_fast-start');
  runGit(cwd, 'add', '.');
  runGit(cwd, 'commit', '--quiet', '-m', 'one');
  runGit(cwd, 'remote', 'add', 'origin', 'https://github.com/acme/widget.git');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const write = (file: string, text: string): void => writeFileSync(path.join(cwd, file), text);
const run = (template: string, given: Parameters<typeof runTool>[1] = {}) =>
  runTool(stencil, { cwd, env: recorded.base_env, stdin: template, ...given });

describe('recorded runs, through the command', () => {
  // All of them run in libs/template; a command starts an engine of its own each time.
  const isTheCommands = ({ template, exit, values }: Case): boolean =>
    exit === 253 || values !== '' || /duat|Env|RaiseError|unclosed/.test(template);
  const cases = recorded.cases.filter(isTheCommands);

  it.each(cases.map((one) => [one.template, one.values, one] as const))('%s with %j', async (_text, _values, one) => {
    const seen = await run(one.template, {
      args: one.values === '' ? [] : ['-values', one.values],
      env: { ...recorded.base_env, ...one.env },
    });
    expect(seen).toEqual({ status: one.exit, stdout: one.stdout, stderr: one.stderr === '' ? '' : `${one.stderr}\n` });
  });
});

describe('stencil', () => {
  it('knows the working copy, from any directory in it', async () => {
    const hash = runGit(cwd, 'rev-parse', 'HEAD');
    runGit(cwd, 'tag', 'release/1.4');
    const all =
      '{{ .duat.gitHash }} {{ .duat.gitTag }} {{ .duat.gitDir }} {{ .duat.gitURL.Host }} {{ .duat.module }} {{ .duat.userID }}';
    const seen = await run(all, { cwd: path.join(cwd, 'cmd', 'My Tool') });
    runGit(cwd, 'tag', '-d', 'release/1.4');
    expect(seen.stdout).toBe(`${hash} 1.4 ${cwd} github.com my-tool ${String(process.getuid?.())}`);
  });

  it('takes files relative to the module, and leaves the output alone when it fails', async () => {
    write('cmd/My Tool/job.yaml', '{{ .duat.module }} {{ .a }}');
    const args = ['-module', 'cmd/My Tool', '--input=job.yaml', '-output', 'out.yaml'];
    expect(await run('', { args: [...args, '-values', 'a=1'] })).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(readFileSync(path.join(cwd, 'cmd/My Tool/out.yaml'), 'utf8')).toBe('my-tool 1');
    write('cmd/My Tool/job.yaml', 'half {{ fail "no" }}');
    expect(await run('', { args })).toMatchObject({ status: 254, stdout: 'half ' });
    expect(readFileSync(path.join(cwd, 'cmd/My Tool/out.yaml'), 'utf8')).toBe('my-tool 1');
  });

  it('takes options from the environment', async () => {
    const env = { VALUES: 'a=fromenv', MODULE: 'cmd/My Tool' };
    expect((await run('{{ .a }} {{ .duat.module }}', { env })).stdout).toBe('fromenv my-tool');
    expect((await run('{{ .a }}', { env, args: ['-values', 'a=given'] })).stdout).toBe('given');
  });

  it('ends as the original did when it cannot start', async () => {
    expect(await run('x', { cwd: root })).toMatchObject({
      status: 255,
      stderr: expect.stringContaining('no git repository'),
    });
    expect(await run('x', { args: ['-f', 'NONE'] })).toMatchObject({
      status: 255,
      stderr: 'open NONE: no such file or directory\n',
    });
    expect(await run('x', { args: ['-module', 'none'] })).toMatchObject({
      status: 255,
      stderr: expect.stringContaining('chdir none: no such'),
    });
    expect(await run('x', { args: ['-input', 'none'] })).toMatchObject({
      status: 254,
      stderr: 'open none: no such file or directory\n',
    });
    expect(await run('x', { args: ['-output', 'none/x'] })).toMatchObject({
      status: 254,
      stderr: 'open none/x: no such file or directory\n',
    });
    expect(await run('x', { args: ['-h'] })).toMatchObject({
      status: 0,
      stdout: '',
      stderr: expect.stringMatching(/^usage: keelson stencil/),
    });
  });

  it('understands what git understands as a URL', async () => {
    runGit(cwd, 'remote', 'set-url', 'origin', 'git@github.com:acme/widget.git');
    const seen = await run(
      '{{ .duat.gitURL.Scheme }} {{ .duat.gitURL.User }} {{ .duat.gitURL.Host }} {{ .duat.gitURL.Path }}',
    );
    runGit(cwd, 'remote', 'set-url', 'origin', 'https://github.com/acme/widget.git');
    expect(seen.stdout).toBe('ssh git github.com /acme/widget.git');
  });

  it('warns a person of what is missing, and fails on it only when asked', async () => {
    const warning = 'stencil: warning: .duat.awsecr is not set: AWS is not configured\n';
    expect(await run('x')).toEqual({ status: 0, stdout: 'x', stderr: '' });
    expect(await run('x', { isTerminal: true })).toEqual({ status: 0, stdout: 'x', stderr: warning });
    expect((await run('x', { args: ['-supress-warnings'], isTerminal: true })).stderr).toBe('');
    expect(await run('x', { args: ['-error-warnings'] })).toMatchObject({ status: 255, stdout: 'x' });
  });

  it("asks for Amazon's registry where AWS is configured, and signs", async () => {
    const asked: (string | undefined)[] = [];
    let reply = { repositories: [{ repositoryUri: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/widget' }] };
    const server = createServer((request, response) => {
      asked.push(
        request.headers['authorization']?.replace(/Signature=[0-9a-f]{64}$/, 'Signature=...'),
        request.headers['x-amz-security-token'] as string,
      );
      response.end(JSON.stringify(reply));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const env = {
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'session',
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    };
    const now = (): Date => new Date('2026-01-02T03:04:05Z');
    const seen = await run('{{ .duat.awsecr }}', { env, now, args: ['-error-warnings'] });
    reply = { repositories: [] };
    const without = await run('{{ .duat.awsecr }}', { env, now, isTerminal: true });
    await new Promise((resolve) => server.close(resolve));
    expect(seen).toEqual({ status: 0, stdout: '123456789012.dkr.ecr.eu-west-1.amazonaws.com', stderr: '' });
    expect(asked.slice(0, 2)).toEqual([
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-west-1/ecr/aws4_request, ' +
        'SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=...',
      'session',
    ]);
    expect(without).toMatchObject({
      stdout: '<no value>',
      stderr: expect.stringContaining('the account has no repository'),
    });
  });
});
