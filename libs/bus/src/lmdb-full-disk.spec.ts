import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { emit } from '@keelson/stage';
import { smallDisk, testWhere } from '@keelson/testbed';
import { BusUnavailableError } from './bus';
import type { Event } from '@keelson/events';
import {
  auditFrom,
  changeMerged,
  consuming,
  gate,
  Recorder,
  runCancelled,
  sampleEvent,
  until,
} from './bus-harness.contract';
import { LmdbBus } from './lmdb-bus';

const { directory: disk, missing, remove } = smallDisk('2m');
const onSmallDisk = testWhere(missing);
const filler = path.join(disk, 'filler');
let bus: LmdbBus | undefined;
const errors: string[] = [];

beforeEach(async () => {
  if (missing !== undefined) return;
  bus = await LmdbBus.open({
    directory: path.join(disk, 'bus'),
    graceMs: 50,
    onError: (error) => errors.push(error.message),
  });
  await bus.declare('builder', [runCancelled]);
});
afterEach(async () => {
  await bus?.close();
  rmSync(filler, { force: true });
  rmSync(path.join(disk, 'bus'), { recursive: true, force: true });
});
afterAll(remove);

/** An event of some 40 KB. */
const large = (name: string): Event => sampleEvent(name.padEnd(10_000, '.'));
const nameOf = (subject: string): string => subject.replace(/\.+$/, '');

/** Publishes until the disk is full; returns the names that were confirmed. */
async function fill(on: LmdbBus): Promise<string[]> {
  const confirmed: string[] = [];
  for (let number = 0; number < 200; number += 1) {
    try {
      await on.publish([large(`event-${number}`)]);
      confirmed.push(`event-${number}`);
    } catch (error) {
      expect(error).toBeInstanceOf(BusUnavailableError);
      return confirmed;
    }
  }
  throw new Error('the disk does not get full');
}

onSmallDisk(
  'on a full disk a publish is refused, nothing of it is stored, and it goes on once there is room',
  async () => {
    writeFileSync(filler, Buffer.alloc(1_000_000));
    const confirmed = await fill(bus!);
    await expect(bus!.publish([large('x'), large('y'), large('z')])).rejects.toBeInstanceOf(BusUnavailableError);
    expect((await auditFrom(bus!)).map((entry) => nameOf(entry.event.subject))).toEqual(confirmed);
    expect(await bus!.queues()).toMatchObject([{ ready: confirmed.length }]);
    rmSync(filler);
    await bus!.publish([large('room')]);
    const recorder = new Recorder();
    consuming(bus!, {}, recorder.handler);
    await recorder.untilSeen(confirmed.length + 1);
    expect(recorder.subjects.map(nameOf)).toEqual([...confirmed, 'room']);
  },
);

onSmallDisk(
  'an answer that finds the disk full is stored once there is room, without asking the handler again',
  async () => {
    writeFileSync(filler, Buffer.alloc(1_000_000));
    const go = gate();
    const caused = Array.from({ length: 8 }, (_, index) =>
      sampleEvent(`caused-${index}`.padEnd(10_000, '.'), changeMerged),
    );
    const recorder = new Recorder(() => go.opened.then(() => emit(...caused)));
    consuming(bus!, {}, recorder.handler);
    await bus!.publish([sampleEvent('cause')]);
    await recorder.untilSeen(1);
    await bus!.declare('builder', []);
    await fill(bus!);
    errors.length = 0;
    go.open();
    await until('the answer was refused', () => errors.some((error) => error.includes('could not be stored')));
    rmSync(filler);
    await until('the answer is stored', async () => (await bus!.queues())[0]?.inWork === 0);
    const subjects = (await auditFrom(bus!)).map((entry) => nameOf(entry.event.subject));
    expect(subjects.slice(-8)).toEqual(caused.map((event) => nameOf(event.subject)));
    expect(recorder.subjects).toEqual(['cause']);
  },
);

onSmallDisk('on a full disk the bus still closes and opens', async () => {
  writeFileSync(filler, Buffer.alloc(1_000_000));
  const confirmed = await fill(bus!);
  await bus!.close();
  rmSync(filler);
  bus = await LmdbBus.open({ directory: path.join(disk, 'bus') });
  expect(await auditFrom(bus)).toHaveLength(confirmed.length);
});
