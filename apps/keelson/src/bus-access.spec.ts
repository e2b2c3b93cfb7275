import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { BusInUseError, LmdbBus } from '@keelson/bus';
import type { AuditEntry } from '@keelson/bus';
import { TerminalError } from '@keelson/stage';
import { liveBus, openBusAccess } from './bus-access';
import { dataDirectory, prepareDataDirectory, socketPath } from './data-directory';
import type { DataDirectory } from './data-directory';
import { changeMerged, newData, newDirectory, runOf, unaborted } from './fixture.contract';
import { serveSocket } from './socket-server';
import { openBus } from './up/open-bus';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A bus that is served, as by a running `up`. */
async function serve(data: DataDirectory): Promise<LmdbBus> {
  const bus = await LmdbBus.open({ directory: data.bus });
  closers.push(() => bus.close());
  const server = await serveSocket(bus, await socketPath(data));
  closers.push(() => server.close());
  return bus;
}

async function access(data: DataDirectory, patienceMs = 60_000) {
  const bus = await openBusAccess(data, unaborted, { patienceMs, pollMs: 10 });
  closers.push(() => bus.close());
  return bus;
}

async function all(entries: AsyncIterable<AuditEntry>): Promise<AuditEntry[]> {
  const found: AuditEntry[] = [];
  for await (const entry of entries) found.push(entry);
  return found;
}

const events = [changeMerged(runOf(1)), changeMerged(runOf(2))];

describe('the bus of a data directory, for commands', () => {
  it('is that of the running `up`', async () => {
    const data = await newData();
    const served = await serve(data);
    const bus = await access(data);
    expect(bus.isLive).toBe(true);
    await bus.publish(events);
    const seen = await all(served.replay({ from: 0, follow: false }, unaborted));
    expect(seen.map(({ event }) => event)).toEqual(events);
    expect(await all(bus.replay({ from: 0, follow: false }, unaborted))).toEqual(seen);
    expect(await all(bus.replay({ from: 1, follow: false }, unaborted))).toEqual(seen.slice(1));
    expect(await bus.queues()).toEqual([]);
    expect(await bus.parked()).toEqual([]);
    expect(await bus.unpark('nobody/1', 'drop')).toBe(false);
  });

  it('puts messages into the inbox of the running `up`, and shows those that were parked', async () => {
    const data = await newData();
    const served = await serve(data);
    const bus = await access(data);
    await bus.offer({ contentType: 'text/plain', headers: { From: 'tool' }, body: Uint8Array.from([0, 255]) });
    const stop = new AbortController();
    const refuse = () => Promise.reject(new TerminalError('not for us'));
    const consumed = served.consumeInbox({ service: 'watcher', prefetch: 1 }, refuse, stop.signal);
    while ((await bus.parked()).length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    stop.abort();
    await consumed;
    const [parked] = await bus.parked();
    expect(parked).toMatchObject({ event: undefined, reason: { error: 'not for us' } });
    expect(parked?.message).toMatchObject({ contentType: 'text/plain', headers: { from: 'tool' } });
    expect([...(parked?.message?.body ?? [])]).toEqual([0, 255]);
  });

  it('is the store itself when nothing runs', async () => {
    const data = await newData();
    const bus = await access(data);
    expect(bus.isLive).toBe(false);
    await bus.publish(events);
    expect(await all(bus.replay({ from: 0, follow: false }, unaborted))).toHaveLength(2);
  });

  it('follows until the `up` ends', async () => {
    const data = await newData();
    await serve(data);
    const bus = await access(data);
    const following = all(bus.replay({ from: 0, follow: true }, unaborted));
    await bus.publish(events);
    await closers.splice(1, 1)[0]?.(); // the socket
    expect((await following).length).toBeLessThanOrEqual(2); // no error is the point
  });

  it('follows what comes, from the end on, until it is told to stop', async () => {
    const data = await newData();
    const served = await serve(data);
    await served.publish(events);
    const bus = await access(data);
    const stop = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const { event } of bus.replay({ from: 'end', follow: true }, stop.signal)) {
        seen.push(event.id);
        stop.abort();
      }
    })();
    const later = changeMerged(runOf(3));
    while (seen.length === 0) {
      await bus.publish([later]);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await following;
    expect(seen).toEqual([later.id]);
  });

  it('tells what the running `up` refuses', async () => {
    const data = await newData();
    await serve(data);
    const bus = await access(data);
    await expect(bus.publish([{ ...events[0]!, type: 'dev.example.other' as never }])).rejects.toThrow(/not an event/);
  });

  it('has a socket for a directory whose path is too long for one', async () => {
    const root = path.join(newDirectory(), 'd'.repeat(120));
    const data = dataDirectory(root, '/');
    await prepareDataDirectory(data);
    expect((await socketPath(data)).length).toBeLessThan(104);
    await serve(data);
    expect((await access(data)).isLive).toBe(true);
  });

  it.each([
    ['a file', (file: string) => writeFileSync(file, '')],
    ['a directory', (file: string) => mkdirSync(file)],
  ])('passes over %s where the socket should be', async (_what, leave) => {
    const data = await newData();
    leave(await socketPath(data));
    expect(await liveBus(data)).toBeUndefined();
    expect((await access(data)).isLive).toBe(false);
  });

  it('passes over a socket that somebody left, and a new `up` takes its place', async () => {
    const data = await newData();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path.join(data.root, 'left.sock'), resolve));
    linkSync(path.join(data.root, 'left.sock'), await socketPath(data));
    await new Promise((resolve) => server.close(resolve));
    expect(await liveBus(data)).toBeUndefined();
    await serve(data);
    expect((await access(data)).isLive).toBe(true);
  });

  it('waits for a command that has the store for a moment', async () => {
    const data = await newData();
    const first = await LmdbBus.open({ directory: data.bus });
    const second = access(data);
    setTimeout(() => void first.close(), 100);
    expect((await second).isLive).toBe(false);
  });

  it('finds the `up` that was about to start', async () => {
    const data = await newData();
    const bus = await LmdbBus.open({ directory: data.bus });
    closers.push(() => bus.close());
    const found = access(data);
    const server = await serveSocket(bus, await socketPath(data));
    closers.push(() => server.close());
    expect((await found).isLive).toBe(true);
  });

  it('says who has the store and does not answer', async () => {
    const data = await newData();
    const bus = await LmdbBus.open({ directory: data.bus });
    closers.push(() => bus.close());
    await expect(access(data, 100)).rejects.toThrow(new RegExp(`process ${process.pid} has .* does not answer`));
  });
});

describe('the bus of an `up`', () => {
  it('is refused at once where another one runs', async () => {
    const data = await newData();
    await serve(data);
    const patient = openBus(data, { patienceMs: 600_000 });
    await expect(patient).rejects.toThrow(`process ${process.pid} works on the data directory ${data.root} already`);
  });

  it('waits for a command to end', async () => {
    const data = await newData();
    const command = await LmdbBus.open({ directory: data.bus });
    const opening = openBus(data, { pollMs: 10, patienceMs: 60_000 });
    await command.close();
    const bus = await opening;
    closers.push(() => bus.close());
    expect(await bus.queues()).toEqual([]);
  });

  it('is refused when somebody keeps it for too long', async () => {
    const data = await newData();
    const bus = await LmdbBus.open({ directory: data.bus });
    closers.push(() => bus.close());
    const refused = openBus(data, { patienceMs: 50, pollMs: 10 });
    await expect(refused).rejects.toMatchObject({ code: 'usage', cause: expect.any(BusInUseError) as unknown });
  });
});
