import { emit } from '@keelson/stage';
import type { AuditEntry, Bus } from './bus';
import {
  auditFrom,
  changeMerged,
  consuming,
  sampleEvent,
  sampleEvents,
  shortTimes,
  until,
} from './bus-harness.contract';
import type { BusHarness, MakeHarness } from './bus-harness.contract';

export function describeAudit(makeHarness: MakeHarness): void {
  let harness: BusHarness;
  let bus: Bus;
  beforeEach(async () => {
    harness = await makeHarness(shortTimes);
    bus = await harness.open();
  });
  afterEach(() => harness.end());

  test('every event is replayed in the order of publishing, also those that nobody takes', async () => {
    expect(await auditFrom(bus)).toEqual([]);
    await bus.publish(sampleEvents('a', 'b'));
    await bus.publish(sampleEvents('a'));
    const entries = await auditFrom(bus);
    expect(entries.map((entry) => entry.event)).toEqual(sampleEvents('a', 'b', 'a'));
    const offsets = entries.map((entry) => entry.offset);
    expect([...new Set(offsets)].sort((x, y) => x - y)).toEqual(offsets);
    expect(entries.every((entry) => entry.publishedAtMs > 0)).toBe(true);
  });

  test('the events that a delivery caused are in it', async () => {
    await harness.declare('builder', [changeMerged]);
    consuming(bus, { types: [changeMerged] }, async () => emit(sampleEvent('caused')));
    await bus.publish([sampleEvent('cause', changeMerged)]);
    await until('both are there', async () => (await auditFrom(bus)).length === 2);
    expect((await auditFrom(bus)).map((entry) => entry.event.subject)).toEqual(['cause', 'caused']);
  });

  test('a replay begins at the offset it is given', async () => {
    await bus.publish(sampleEvents('a', 'b', 'c'));
    const [, second] = await auditFrom(bus);
    expect((await auditFrom(bus, second!.offset)).map((entry) => entry.event.subject)).toEqual(['b', 'c']);
    expect(await auditFrom(bus, second!.offset + 1_000)).toEqual([]);
  });

  test('a long audit is replayed whole', async () => {
    const names = Array.from({ length: 600 }, (_, index) => `event-${index}`);
    await bus.publish(sampleEvents(...names));
    expect((await auditFrom(bus)).map((entry) => entry.event.subject)).toEqual(names);
  });

  test('a replay that follows sees what is published later, until its signal aborts', async () => {
    await bus.publish(sampleEvents('before'));
    const stopping = new AbortController();
    const seen: AuditEntry[] = [];
    const following = (async () => {
      for await (const entry of bus.replay({ from: 0, follow: true }, stopping.signal)) seen.push(entry);
    })();
    await until('the first is seen', () => seen.length === 1);
    await bus.publish(sampleEvents('later', 'still later'));
    await until('the others are seen', () => seen.length === 3);
    stopping.abort();
    await following;
    expect(seen.map((entry) => entry.event.subject)).toEqual(['before', 'later', 'still later']);
  });

  test('a replay from the end sees only what is published after it was asked for', async () => {
    await bus.publish(sampleEvents('before'));
    const stopping = new AbortController();
    const entries = bus.replay({ from: 'end', follow: true }, stopping.signal);
    await bus.publish(sampleEvents('after'));
    const seen: string[] = [];
    const following = (async () => {
      for await (const entry of entries) seen.push(entry.event.subject);
    })();
    await until('it is seen', () => seen.length === 1);
    stopping.abort();
    await following;
    expect(seen).toEqual(['after']);
  });

  test('closing the bus ends those that follow', async () => {
    const following = (async () => {
      for await (const entry of bus.replay({ from: 0, follow: true }, new AbortController().signal)) void entry;
    })();
    await bus.close();
    await following;
  });
}
