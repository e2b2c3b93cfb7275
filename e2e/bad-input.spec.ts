import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '@keelson/testbed';
import { Keelson, expectEnd, keelson, keelsonJson, newData } from './support/keelson';
import { TestRepository } from './support/repository';

type Shown = {
  outcome: string;
  reason: { code: string; message: string } | null;
  log: { lines: number; bytes: number; complete: boolean };
};

/** Runs the present head of a repository once. */
async function once(repository: TestRepository): Promise<{ status: number | null; output: string; shown: Shown }> {
  const data = newData();
  const ended = await keelson(['up', repository.path, '--once', '--data', data, '--port', '0']);
  const [shown] = await keelsonJson<Shown>(['show', 'last', '--data', data]);
  expect(ended.stderr + ended.stdout).not.toMatch(/\n\s+at .*:\d+:\d+/); // no stack trace
  return { status: ended.status, output: ended.stdout + ended.stderr, shown: shown! };
}

describe('bad sources', () => {
  it.each([
    ['a path with no repository', [mkdtempSync(path.join(tmpdir(), 'keelson-empty-'))], /no git repository/],
    ['a source that begins with a dash', ['--', '--upload-pack=touch x'], /-/],
    ['a branch that begins with a dash', ['.^--output=x'], /-/],
    ['a transport that runs commands', ['ext::sh -c touch% /tmp/x'], /ext::/],
    ['an unknown transport', ['gopher://127.0.0.1/x'], /gopher/],
    ['an unknown option', ['--frobnicate'], /frobnicate/],
  ])('refuses %s in one sentence, with 2', async (_what, args, message) => {
    const ended = await keelson(['up', '--once', '--data', newData(), '--port', '0', ...args]);
    expectEnd(ended, { status: 2 });
    expect(ended.stderr).toMatch(message);
    expect(ended.stderr).not.toMatch(/\n\s+at /);
  });

  it('waits for a branch that is not there yet, and says so', async () => {
    const repository = new TestRepository();
    repository.pipeline('echo ok');
    repository.commit();
    const up = new Keelson(['up', `${repository.path}^later`, '--data', newData(), '--port', '0']);
    await up.prints(/waiting.*later/);
    repository.git('branch', 'later');
    await up.prints('GREEN');
    await up.stop();
  });

  it('waits for the first commit of an empty repository', async () => {
    const repository = new TestRepository();
    const up = new Keelson(['up', repository.path, '--data', newData(), '--port', '0']);
    await up.prints(/waiting.*no commit yet/);
    repository.pipeline('echo ok');
    repository.commit();
    await up.prints('GREEN');
    await up.stop();
  });

  it('ends with 2 when --once has nothing to look at', async () => {
    const repository = new TestRepository();
    const ended = await keelson(['up', repository.path, '--once', '--data', newData(), '--port', '0']);
    expectEnd(ended, { status: 2 });
    expect(ended.stdout + ended.stderr).toMatch(/no commit yet/);
  });

  it('says who has the data directory when two share one', async () => {
    const repository = new TestRepository();
    repository.pipeline('echo ok');
    repository.commit();
    const data = newData();
    const first = new Keelson(['up', repository.path, '--data', data, '--port', '0']);
    await first.prints('GREEN');
    const second = await keelson(['up', repository.path, '--data', data, '--port', '0']);
    expectEnd(second, { status: 2 });
    expect(second.stderr).toMatch(new RegExp(`${first.child.pid}`));
    await first.stop();
  });
});

describe('bad pipeline files', () => {
  it.each([
    [
      'a YAML bomb',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
        .split('')
        .map((letter, at) => `${letter}: &${letter} [${Array(9).fill(`*${'abcdefgh'[at]}`).join(',')}]`)
        .join('\n')}\n`,
    ],
    ['a duplicate key', 'image: { name: a }\nimage: { name: b }\ntest: { command: [x] }\n'],
    ['an unknown key', 'test: { comand: [x] }\n'],
    ['10 MB', `# ${'x'.repeat(10 * 1024 * 1024)}\n`],
    ['what is not on this column', 'test: { command: [x], services: [db] }\n'],
  ])('fails the run for %s, and says where', async (_what, text) => {
    const repository = new TestRepository();
    repository.write('.keelson.yaml', text);
    repository.commit();
    const { status, shown } = await once(repository);
    expect({ status, outcome: shown.outcome, code: shown.reason?.code }).toEqual({
      status: 1,
      outcome: 'failure',
      code: 'pipeline-file',
    });
    expect(shown.reason?.message).toMatch(/\.keelson\.yaml/);
  });
});

describe('bad commands', () => {
  const withCommand = (command: string) => {
    const repository = new TestRepository();
    repository.write('.keelson.yaml', `test: { command: ${command}, timeout: 20s }\n`);
    return repository;
  };

  it('fails a command that does not exist, naming it', async () => {
    const repository = withCommand('["no-such-program-here"]');
    repository.commit();
    const { status, shown } = await once(repository);
    expect({ status, code: shown.reason?.code }).toEqual({ status: 1, code: 'unstartable' });
    expect(shown.reason?.message).toMatch(/no-such-program-here/);
  });

  it('fails a command that is not executable, naming it', async () => {
    const repository = withCommand('["./ci.sh"]');
    repository.write('ci.sh', '#!/bin/sh\necho no\n');
    repository.commit();
    const { shown } = await once(repository);
    expect(shown.reason?.message).toMatch(/\.\/ci\.sh/);
  });

  it('keeps binary output and lines of 1 MB, byte for byte', async () => {
    const repository = withCommand(
      '["sh", "-c", "head -c 1500000 /dev/zero | tr \'\\\\0\' a; echo; printf \'\\\\377\\\\376\\\\000x\'"]',
    );
    repository.commit();
    const { status, shown } = await once(repository);
    expect(status).toBe(0);
    expect(shown.log).toMatchObject({ bytes: 1_500_001 + 4, complete: true });
  });

  it('ends a test that ignores SIGTERM and leaves children behind', async () => {
    const repository = withCommand('["sh", "-c", "trap \'\' TERM; (setsid sleep 987 &); sleep 987"]');
    repository.write(
      '.keelson.yaml',
      `test: { command: ["sh", "-c", "trap '' TERM; (setsid sleep 987654 &); sleep 987654"], timeout: 1s }\n`,
    );
    repository.commit();
    const { status, shown } = await once(repository);
    expect({ status, code: shown.reason?.code }).toEqual({ status: 1, code: 'timeout' });
    expect(execFileSync('sh', ['-c', 'pgrep -f "sleep 98765[4]" || true'], { encoding: 'utf8' })).toBe('');
  });
});

describe('bad options', () => {
  it('refuses a registry that is written as a URL, in one sentence, with 2', async () => {
    const repository = new TestRepository();
    repository.pipeline('true');
    repository.commit();
    const registry = ['--registry', 'https://registry.example/team'];
    const ended = await keelson(['up', repository.path, '--once', '--data', newData(), ...registry]);
    expectEnd(ended, {
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/^keelson: .*is no place for images.*\n$/),
    });
  });
});

describe('bad trees', () => {
  it('freezes names with newlines, 255 bytes and invalid UTF-8, and links that lead outside', async () => {
    const repository = new TestRepository();
    repository.pipeline('ls -A | wc -l; readlink out; test -f "$(printf "a\\nb")"');
    const name = (text: string | Buffer) => Buffer.concat([Buffer.from(`${repository.path}/`), Buffer.from(text)]);
    writeFileSync(name('a\nb'), 'x');
    writeFileSync(name('n'.repeat(255)), 'x');
    writeFileSync(name(Buffer.from([0xff, 0xfe, 0x61])), 'x');
    repository.git('config', 'core.symlinks', 'true');
    execFileSync('ln', ['-s', '/etc/passwd', path.join(repository.path, 'out')]);
    repository.commit();
    const { status, output } = await once(repository);
    expect(output).toMatch(/│ 7\n.*│ \/etc\/passwd/);
    expect(status).toBe(0);
  });

  it('refuses a tree with a `..` in it, as a failure of the commit', async () => {
    const repository = new TestRepository();
    repository.pipeline('true');
    repository.commit();
    const blob = repository.git('rev-parse', 'HEAD:ci.sh');
    const entry = Buffer.concat([Buffer.from('100644 ..\0'), Buffer.from(blob, 'hex')]);
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'keelson-tree-')), 'tree');
    const pipelineFile = Buffer.concat([
      Buffer.from('100644 .keelson.yaml\0'),
      Buffer.from(repository.git('rev-parse', 'HEAD:.keelson.yaml'), 'hex'),
    ]);
    writeFileSync(file, Buffer.concat([entry, pipelineFile]));
    const tree = repository.git('hash-object', '-t', 'tree', '-w', '--literally', file);
    repository.git('reset', '-q', '--soft', repository.git('commit-tree', '-m', 'hostile', tree));
    const { status, shown } = await once(repository);
    expect({ status, code: shown.reason?.code }).toEqual({ status: 1, code: 'hostile-tree' });
  });
});

describe('bad bases', () => {
  it('fails a base image that does not exist, naming it', async () => {
    const repository = new TestRepository();
    const [data, port] = [newData(), await freePort()];
    repository.write('.keelson.yaml', `image: { base: "localhost:${port}/nothing:here" }\ntest: { command: [x] }\n`);
    repository.commit();
    const ended = await keelson(['up', repository.path, '--once', '--data', data, '--port', String(port)]);
    expectEnd(ended, { status: 1 });
    expect(ended.stdout).toMatch(/nothing:here/);
  });
});
