import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { AmqpBus } from '@keelson/bus';
import { logger } from '@keelson/service';
import type { Service } from '@keelson/service';
import { describeOn, servers } from '@keelson/testbed';
import { startWatcher } from './app';
import { World } from './watcher-fixture.contract';

const root = path.resolve(__dirname, '../../..');
const page = readFileSync(path.join(root, 'docs/events.md'), 'utf8');
const blocks = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\\n\`\`\``, 'g'))].map((match) => match[1] ?? '');

describeOn(['amqp', 'rabbitApi'])('the examples of docs/events.md, on a real broker', () => {
  const vhost = `keelson-outside-${randomBytes(6).toString('hex')}`;
  const lines: Record<string, unknown>[] = [];
  let world: World;
  let bus: AmqpBus;
  let service: Service;
  const url = (): URL => Object.assign(new URL(servers.amqp), { pathname: `/${vhost}` });
  const api = (): URL => new URL(servers.rabbitApi);

  async function call(method: string, at: string, value?: object): Promise<void> {
    const authorization = `Basic ${Buffer.from(`${api().username}:${api().password}`).toString('base64')}`;
    const headers = { authorization, 'content-type': 'application/json' };
    const body = value === undefined ? {} : { body: JSON.stringify(value) };
    const { status } = await fetch(`${api().protocol}//${api().host}${at}`, { method, headers, ...body });
    expect(status).toBeLessThan(300);
  }

  beforeAll(async () => {
    await call('PUT', `/api/vhosts/${vhost}`);
    const everything = { configure: '.*', write: '.*', read: '.*' };
    await call('PUT', `/api/permissions/${vhost}/${url().username}`, everything);
    world = await World.open();
    writeFileSync(path.join(world.root, 'merged.json'), blocks('json')[0] ?? '');
    bus = await AmqpBus.open({ url: url().href, apiUrl: servers.rabbitApi, mandatoryTypes: [] });
    const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
    service = await startWatcher(await world.deps([]), { bus, logger: logger('watcher', { destination }) });
    // The exchange is there once somebody takes from the inbox.
    await until(async () => (await bus.queues()).some((queue) => queue.service === 'inbox'));
  });
  afterAll(async () => {
    await service.close();
    await bus.close();
    await world.end();
    await call('DELETE', `/api/vhosts/${vhost}`);
  });

  /** Runs an example as a reader would, and resolves when the watcher has taken what it sent. */
  async function runs(command: string, args: readonly string[]): Promise<Record<string, unknown>> {
    const before = taken().length;
    const env = {
      ...{ ...process.env, NODE_PATH: path.join(root, 'node_modules'), AMQP_URL: url().href, VHOST: vhost },
      ...{ MANAGEMENT_URL: `${api().protocol}//${api().host}`, USER_PASSWORD: `${api().username}:${api().password}` },
    };
    await promisify(execFile)(command, args, { cwd: world.root, env });
    await until(() => taken().length > before);
    return taken().at(-1) ?? {};
  }
  const taken = () => lines.filter(({ msg }) => msg === 'a change outside of what is watched');

  it('reach the watcher over the management API', async () => {
    const [curl = ''] = blocks('sh').filter((text) => text.startsWith('curl'));
    expect(await runs('sh', ['-c', curl])).toMatchObject({ event: 'push-4711' });
  });

  it('reach it with amqplib, as a bare CDEvent and in binary mode', async () => {
    const [bare = '', binary = ''] = blocks('js');
    expect(await runs(process.execPath, ['-e', bare])).toMatchObject({ event: 'push-4711' });
    const names = expect.arrayContaining(['https://git.example/team/widget']) as unknown;
    expect(await runs(process.execPath, ['-e', binary])).toMatchObject({ event: 'push-4712', names });
  });

  it('what is none is parked, with the reason and whole', async () => {
    await bus.offer({ headers: {}, body: Buffer.from('no event at all') });
    await until(async () => (await bus.parked()).length > 0);
    const parked = await bus.parked();
    expect(parked).toMatchObject([{ service: 'watcher', reason: { code: 'terminal' } }]);
    expect(parked[0]?.reason.error).toMatch(/not JSON/);
    expect(Buffer.from(parked[0]?.message?.body ?? []).toString()).toBe('no event at all');
  });
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 60_000;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain: ${String(condition)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
