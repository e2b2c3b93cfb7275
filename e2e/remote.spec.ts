import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { GitHttpServer } from '../libs/git/src/testing/git-http-server';
import type { GitHttpOptions } from '../libs/git/src/testing/git-http-server';
import { expectInOrder, runs, show } from './support/evidence';
import { Keelson, expectEnd, newData, newDirectory, upOnce, whenOver } from './support/keelson';
import { TestRepository } from './support/repository';

/** A bare repository behind git's own http-backend, and the working copy that pushes to it. */
async function served(options: Partial<GitHttpOptions> = {}) {
  const root = newDirectory('served');
  const work = new TestRepository();
  work.pipeline('cat version');
  work.write('version', 'version 1\n');
  work.commit();
  work.git('init', '-q', '--bare', '-b', 'main', path.join(root, 'repo.git'));
  const push = (...args: string[]) => work.git('push', '-q', ...args, path.join(root, 'repo.git'), 'main');
  push();
  const server = await GitHttpServer.start({ root, ...options });
  whenOver(() => server.stop());
  const commit = (version: number) => {
    work.write('version', `version ${version}\n`);
    return work.commit(`version ${version}`);
  };
  return { server, url: server.url('repo.git'), commit, push };
}

describe('a repository behind http', () => {
  it('is built once, from its default branch', async () => {
    const { url } = await served();
    const data = newData();
    const ended = await upOnce(data, [url]);
    expectEnd(ended, { status: 0, stderr: '' });
    expect(ended.stdout).toMatch(/│ version 1/);
    expect(await show(data)).toMatchObject({ source: url, ref: 'refs/heads/main', outcome: 'success' });
    await expectInOrder(data, { built: 1 });
  });

  it('that goes away is waited for; two commits pushed meanwhile are one run, which contains the other', async () => {
    let isAway = false;
    const { url, commit, push } = await served({
      instead: (request) => {
        if (isAway) request.socket.destroy();
        return isAway;
      },
    });
    const data = newData();
    const up = Keelson.up(data, [`${url}^main`]);
    await up.prints(/GREEN/);
    isAway = true;
    commit(2);
    const head = commit(3);
    push();
    await up.prints(/127\.0\.0\.1:\d+\/repo\.git {2}.*(cannot be reached|broke|closed|reset|hung up)/);
    isAway = false;
    await up.prints(/│ version 3[^]*GREEN/);
    expect(up.stdout).not.toMatch(/version 2/);
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    expect((await runs(data)).at(-1)).toMatchObject({ commit: head, sequence: 2 });
    await expectInOrder(data, { built: 2, contained: 1 });
  });

  it('that wants a login ends --once with 2, and a sentence about it', async () => {
    const { url } = await served({ auth: 'ci:secret-of-the-test' });
    const data = newData();
    const ended = await upOnce(data, [url]);
    expectEnd(ended, { status: 2 });
    expect(ended.stdout + ended.stderr).toMatch(/repo\.git.*(login|credentials|token)/);
    await expectInOrder(data, {});
  });

  it.each(['with the URL', 'in a token file'])(
    'is read with a login that comes %s, which is written nowhere',
    async (how) => {
      const { url } = await served({ auth: 'ci:secret-of-the-test' });
      const data = newData();
      const withLogin = url.replace('http://', 'http://ci:secret-of-the-test@');
      const tokenFile = path.join(newDirectory('token'), 'tokens');
      writeFileSync(tokenFile, `${withLogin}\n`);
      const ended =
        how === 'with the URL' ? await upOnce(data, [withLogin]) : await upOnce(data, [url, '--token-file', tokenFile]);
      expectEnd(ended, { status: 0, stderr: '' });
      expect(ended.stdout).not.toMatch(/secret-of-the-test/);
      // grep ends with 1 when it finds nothing.
      expect(() => execFileSync('grep', ['-r', '-l', 'secret-of-the-test', data])).toThrow(/status 1|Command failed/);
      expect(await show(data)).toMatchObject({ source: url, outcome: 'success' });
      await expectInOrder(data, { built: 1 });
    },
  );

  it('that disappears between the look and the fetch is an error that names it, not a verdict', async () => {
    const { url } = await served({
      // We look by a POST; git's fetch begins with a GET.
      instead: ({ method }, response) => {
        if (method === 'GET') response.writeHead(404).end();
        return method === 'GET';
      },
    });
    const data = newData();
    const ended = await upOnce(data, [url]);
    expectEnd(ended, { status: 2 });
    expect(ended.stdout).toMatch(/ERROR.*repo\.git/);
    expect((await show(data)).reason).toMatchObject({ code: 'source-gone' });
    await expectInOrder(data, { error: 1 });
  });
});
