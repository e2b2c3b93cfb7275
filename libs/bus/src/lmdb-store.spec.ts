import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BusUnavailableError } from './bus';
import { auditFrom, consuming, Recorder, runCancelled, sampleEvents, until, untilParked } from './bus-harness.contract';
import { LmdbBus } from './lmdb-bus';
import { closeStore, openStore } from './lmdb-store';
import type { Store } from './lmdb-store';

let root: string;
let directory: string;
const errors: string[] = [];
const buses: LmdbBus[] = [];

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'keelson-bus-'));
  directory = path.join(root, 'a', 'data.d', 'bus');
  errors.length = 0;
});
afterEach(async () => {
  await Promise.all(buses.splice(0).map((bus) => bus.close()));
  rmSync(root, { recursive: true });
});

const open = async (): Promise<LmdbBus> => {
  const bus = await LmdbBus.open({ directory, graceMs: 50, onError: (error) => errors.push(error.message) });
  buses.push(bus);
  return bus;
};

/** A store with three events waiting for the builder, then changed by hand. */
const tamper = async (change: (store: Store) => void): Promise<LmdbBus> => {
  const bus = await open();
  await bus.declare('builder', [runCancelled]);
  await bus.publish(sampleEvents('a', 'b', 'c'));
  await bus.close();
  const store = await openStore(directory);
  store.root.transactionSync(() => change(store));
  await closeStore(store);
  return open();
};

test('the directory is made, with its parents, whatever its name', async () => {
  const bus = await open();
  expect(await bus.queues()).toEqual([]);
});

test('a bus that was closed is opened again with what it held', async () => {
  const bus = await tamper(() => undefined);
  expect(await bus.queues()).toMatchObject([{ service: 'builder', ready: 3 }]);
});

test('a second bus on the directory in one process is refused, and leaves the first alone', async () => {
  const bus = await open();
  await expect(open()).rejects.toMatchObject({ code: 'bus-in-use', pid: process.pid });
  await bus.publish(sampleEvents('a'));
});

test.each([
  ['random bytes', Buffer.alloc(8192, 'keelson')],
  ['zeros', Buffer.alloc(8192)],
  ['a short text', Buffer.from('hello')],
])('a file of %s in its place is refused by name', async (_, content) => {
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, 'data.mdb'), content);
  const refused = open();
  await expect(refused).rejects.toBeInstanceOf(BusUnavailableError);
  await expect(refused).rejects.toThrow(path.join(directory, 'data.mdb'));
});

test('an empty file, as a crash at the very start leaves it, is no obstacle', async () => {
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, 'data.mdb'), '');
  await (await open()).publish(sampleEvents('a'));
});

test('a path that is a file is refused by name', async () => {
  mkdirSync(path.dirname(directory), { recursive: true });
  writeFileSync(directory, '');
  await expect(open()).rejects.toThrow(directory);
});

test('a store of another format is refused, and can be opened once that is put right', async () => {
  await expect(tamper((store) => store.meta.putSync('format', '99'))).rejects.toThrow('format 99');
  await expect(open()).rejects.toBeInstanceOf(BusUnavailableError);
});

test.each([
  ['not JSON', '{'],
  ['not an event of ours', '{"publishedAtMs":1,"event":{"type":"dev.cdevents.unheard.of.9.9.9"}}'],
  ['not a row', '[]'],
])('a stored event that is %s is parked with the reason, reported, and holds up nobody', async (_, bytes) => {
  const bus = await tamper((store) => store.audit.putSync(1, bytes));
  const recorder = new Recorder();
  consuming(bus, {}, recorder.handler);
  const [parked] = await untilParked(bus);
  expect(parked).toMatchObject({ id: 'builder/1', service: 'builder', event: undefined, reason: { code: 'terminal' } });
  expect(parked?.reason.error).toContain('cannot be read');
  await recorder.untilSeen(2);
  expect(recorder.subjects).toEqual(['a', 'c']);
  expect((await auditFrom(bus)).map((entry) => entry.event.subject)).toEqual(['a', 'c']);
  expect(errors.some((error) => error.includes('audit entry 1 '))).toBe(true);
  expect(await bus.unpark('builder/1', 'drop')).toBe(true);
  expect(await bus.parked()).toEqual([]);
});

test.each(['{', '{"failures":"many"}', ''])(
  'a stored delivery that reads %p is parked, and keeps its event',
  async (bytes) => {
    const bus = await tamper((store) => store.deliveries.putSync(['builder', 'ready', 1], bytes));
    const recorder = new Recorder();
    consuming(bus, {}, recorder.handler);
    const [parked] = await untilParked(bus);
    expect(parked).toMatchObject({ event: { subject: 'b' }, reason: { code: 'terminal' } });
    await recorder.untilSeen(2);
    expect(await bus.unpark('builder/1', 'replay')).toBe(true);
    await recorder.untilSeen(3);
    expect(recorder.subjects).toEqual(['a', 'c', 'b']);
  },
);

test('an unreadable owner or subscription does not keep the bus from opening', async () => {
  const bus = await tamper((store) => {
    store.meta.putSync('owner', 'nobody');
    store.subscriptions.putSync('builder', 'nothing');
    store.subscriptions.putSync('tester', '{"types":[]}');
  });
  const recorder = new Recorder();
  consuming(bus, {}, recorder.handler);
  await recorder.untilSeen(3);
  await bus.publish(sampleEvents('d'));
  await recorder.untilSeen(4);
  await until('all is done', async () => (await bus.queues()).every((queue) => queue.inWork === 0));
});
