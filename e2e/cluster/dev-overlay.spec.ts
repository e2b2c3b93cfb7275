import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { describeOn, servers } from '@keelson/testbed';
import { connect } from 'amqplib';
import type { Account, Shown } from '../support/evidence';
import { keelson, until } from '../support/keelson';
import { DevOverlay } from './support/dev-overlay';
import { ServedRepository } from './support/served-repository';

jest.setTimeout(600_000);

const root = path.join(__dirname, '../..');
const run = promisify(execFile);
const queues = ['inbox', 'watcher', 'bootstrapper', 'image-builder', 'registry-poller', 'test-runner'];

describeOn(['registry', 'kubeconfig', 'hostIp'])('everything on one cluster, k8s/overlays/dev', () => {
  const dev = new DevOverlay();
  const repository = new ServedRepository('widget');

  /** What docs/deploying.md has people do. */
  beforeAll(async () => {
    await dev.apply();
    await dev.kubectl('rollout', 'status', 'statefulset/registry', '--timeout=240s');
    const [port] = await dev.forward('registry', 5000);
    for (const image of ['node:24', 'busybox:1']) await copyIn(image, `localhost:${port}`);
    await run(process.execPath, [path.join(root, 'tools/images/build.mjs'), `localhost:${port}`], { cwd: root });
    await dev.kubectl('delete', 'pods', '-l', 'app.kubernetes.io/part-of=keelson', '--wait=false');
    await dev.ready();
  });
  afterAll(async () => {
    await dev.close();
    await repository.close();
  });

  /** The command on this machine. */
  const ask = async (...args: string[]): Promise<string> => {
    const { stdout, stderr, status } = await keelson(args, { env: await dev.environment() });
    if (status === 2) throw new Error(`keelson ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  /** The last run, once it has ended and is this attempt at this commit. */
  const verdict = async (commit: string, attempt = 1): Promise<Shown> => {
    let last: Shown | undefined;
    const hasEnded = async () => {
      const text = await ask('runs', '--json', '-n', '1');
      last = text === '' ? undefined : (JSON.parse(text) as Shown);
      return last?.commit === commit && last.attempt === attempt && last.outcome !== 'running';
    };
    await until(hasEnded, { timeoutMs: 240_000, what: () => 'a verdict' }).catch(async (error: Error) => {
      throw new Error(`${error.message}\n${JSON.stringify(last)}\n${await dev.said()}`);
    });
    return last as Shown;
  };

  it('tests what is pushed to a repository that it is told to watch, and keeps the log in its store', async () => {
    repository.write('ci.sh', '#!/bin/sh\necho kept >kept\necho "widgets turn, attempt $KEELSON_ATTEMPT"\n', 0o755);
    repository.write(
      '.keelson.yaml',
      `image: { name: widget, base: '${dev.registry}/busybox:1' }\ntest: { command: [./ci.sh], artifacts: [kept] }\n`,
    );
    const commit = repository.push();
    await dev.inPod('watch', `${await repository.serve()}^main`);
    const view = await verdict(commit);
    expect(view).toMatchObject({ outcome: 'success', attempt: 1, log: { complete: true, lines: 1 } });
    expect(await dev.inPod('logs', 'last')).toBe('widgets turn, attempt 1\n');
    expect(await dev.inPod('artifacts', 'last', '--to', '/tmp/kept')).toBe('/tmp/kept/kept  5 bytes\n');
    const kept = await dev.kubectl('exec', 'minio-0', '--', 'find', `/data/keelson/logs/${view.run}`);
    expect(kept).toContain('manifest.json');
  });

  it('takes what a program outside puts into the inbox', async () => {
    const { run: id, commit } = JSON.parse(await ask('runs', '--json', '-n', '1')) as Shown;
    const connection = await connect(await dev.amqp());
    const channel = await connection.createConfirmChannel();
    channel.publish('ci.inbox', '', Buffer.from(JSON.stringify(retryOf(id))), { persistent: true });
    await channel.waitForConfirms();
    await connection.close();
    expect(await verdict(commit, 2)).toMatchObject({ outcome: 'success' });
    expect(await ask('logs', 'last')).toBe('widgets turn, attempt 2\n');
  });

  it('goes on with what it has when its broker, store and registry are started again', async () => {
    const before = await ask('account', '--json');
    expect(JSON.parse(before) as Account).toMatchObject({ balanced: true, fates: { built: 1 } });
    await dev.kubectl('delete', 'pod', 'rabbitmq-0', 'minio-0', 'registry-0');
    await dev.ready();
    dev.forwardAgain();
    expect(await verdict(repository.push('another'))).toMatchObject({ outcome: 'success' });
    expect(JSON.parse(await ask('account', '--json')) as Account).toMatchObject({
      balanced: true,
      fates: { built: 2 },
    });
    let table = '';
    const isEmpty = (queue: string) => new RegExp(`^${queue} +0 +- +0 +0 +0 +0 +0 +1$`, 'm').test(table);
    // The broker counts what is in work some seconds late.
    await until(
      async () => {
        table = await ask('queues');
        return queues.every(isEmpty);
      },
      { timeoutMs: 120_000, what: () => `empty queues:\n${table}` },
    );
    expect(await ask('parked', '--json')).toBe('');
  });
});

const retryOf = (id: string) => ({
  context: {
    ...{ specversion: '0.5.1', id: 'chat-99', source: 'https://chat.example/bots/ci' },
    ...{ type: 'dev.cdeventsx.keelson-run.retried.0.1.0', timestamp: new Date().toISOString() },
  },
  subject: { id, type: 'keelson-run', content: {} },
  customData: { run: id, from: 'test' },
});

/** An image of the testbed's in the registry of the cluster, for machines without a way to Docker Hub. */
async function copyIn(image: string, registry: string): Promise<void> {
  const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];
  await run('skopeo', [
    'copy',
    '-q',
    ...plain,
    `docker://${servers.registry}/${image}`,
    `docker://${registry}/${image}`,
  ]);
}
