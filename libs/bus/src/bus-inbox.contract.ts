import { again, emit, TerminalError } from '@keelson/stage';
import type { Outcome } from '@keelson/stage';
import type { Bus, Delivery, OutsideMessage } from './bus';
import {
  auditFrom,
  changeMerged,
  consuming,
  hang,
  Recorder,
  sampleEvent,
  shortTimes,
  until,
  untilParked,
} from './bus-harness.contract';
import type { BusHarness, MakeHarness } from './bus-harness.contract';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const textOf = (message: OutsideMessage): string => Buffer.from(message.body).toString();

type Seen = { message: OutsideMessage; delivery: Delivery };

/** Takes in messages as `consuming` takes events. */
function takingIn(bus: Bus, answer: (nth: number) => Outcome | Promise<Outcome> = () => emit()) {
  const seen: Seen[] = [];
  const stopping = new AbortController();
  const handler = (message: OutsideMessage, delivery: Delivery) => {
    seen.push({ message, delivery });
    return Promise.resolve(seen.length).then(answer);
  };
  const ended = bus.consumeInbox({ service: 'watcher', prefetch: 1 }, handler, stopping.signal);
  return {
    seen,
    untilSeen: (count: number) => until(`${count} messages are seen`, () => seen.length >= count),
    stop: () => (stopping.abort(), ended),
  };
}

export function describeInbox(makeHarness: MakeHarness): void {
  let harness: BusHarness;
  let bus: Bus;
  beforeEach(async () => {
    harness = await makeHarness(shortTimes);
    bus = await harness.open();
  });
  afterEach(() => harness.end());

  const offer = (text: string, headers: Record<string, string> = {}) => bus.offer({ headers, body: bytes(text) });

  test('a message from outside comes as it was offered, with header names in lower case', async () => {
    const body = Uint8Array.from([0, 255, 10, 128]);
    const beforeMs = Date.now();
    await bus.offer({ contentType: 'application/x-own', headers: { 'CE-Id': 'Ä1', empty: '' }, body });
    const { seen, untilSeen } = takingIn(bus);
    await untilSeen(1);
    const { message, delivery } = seen[0]!;
    expect(message).toMatchObject({ contentType: 'application/x-own', headers: { 'ce-id': 'Ä1', empty: '' } });
    expect([...message.body]).toEqual([...body]);
    expect(Math.abs(message.receivedAtMs - beforeMs)).toBeLessThan(60_000);
    expect(delivery).toMatchObject({ failures: 0, agains: 0, redelivered: false });
  });

  test('what is offered before anybody takes it in waits, in order, and is no event', async () => {
    await offer('a');
    await offer('b');
    await offer('');
    const { seen, untilSeen } = takingIn(bus);
    await untilSeen(3);
    expect(seen.map(({ message }) => textOf(message))).toEqual(['a', 'b', '']);
    expect(seen[0]!.message).not.toHaveProperty('contentType');
    expect(await auditFrom(bus)).toEqual([]);
  });

  test('the id is the same at each delivery and for the same content, and differs else', async () => {
    const { seen, untilSeen } = takingIn(bus, (nth) => (nth === 1 ? again('1s', 'not yet') : emit()));
    await offer('a', { one: '1', two: '2' });
    await untilSeen(2);
    await offer('a', { two: '2', ONE: '1' });
    await offer('a', { one: '1', two: 'other' });
    await offer('b', { one: '1', two: '2' });
    await untilSeen(5);
    const ids = seen.map(({ message }) => message.id);
    expect([ids[1], ids[2]]).toEqual([ids[0], ids[0]]);
    expect(new Set(ids).size).toBe(3);
    expect(seen[1]!.message).toEqual(seen[0]!.message);
  });

  test('the events that a message leads to are published', async () => {
    await harness.declare('builder', [changeMerged]);
    const builder = new Recorder();
    consuming(bus, { types: [changeMerged] }, builder.handler);
    takingIn(bus, () => emit(sampleEvent('caused', changeMerged)));
    await offer('a');
    await builder.untilSeen(1);
    expect(builder.subjects).toEqual(['caused']);
  });

  test('a message whose handler throws is tried again, then parked with the service', async () => {
    const { seen } = takingIn(bus, () => Promise.reject(new Error('the records are out of reach')));
    await bus.offer({ contentType: 'text/plain', headers: { from: 'tool' }, body: bytes('a') });
    const [parked] = await untilParked(bus);
    expect(parked).toMatchObject({
      service: 'watcher',
      event: undefined,
      reason: { code: 'retries-exhausted', error: 'the records are out of reach' },
      failures: 4,
    });
    expect(seen.map(({ delivery }) => delivery.failures)).toEqual([0, 1, 2, 3]);
    expect(parked!.message).toEqual(seen[0]!.message);
  });

  test('a message that can never work is parked at once; replayed, it comes back into the inbox', async () => {
    const { seen, untilSeen } = takingIn(bus, (nth) => {
      if (nth === 1) throw new TerminalError('this is not JSON');
      return emit();
    });
    await offer('a');
    const [parked] = await untilParked(bus);
    expect(parked).toMatchObject({ reason: { code: 'terminal', error: 'this is not JSON' } });
    expect(textOf(parked!.message!)).toBe('a');
    expect(await bus.unpark(parked!.id, 'replay')).toBe(true);
    await untilSeen(2);
    expect(seen[1]!.message.id).toBe(seen[0]!.message.id);
    expect(await bus.parked()).toEqual([]);
  });

  test('a parked message that is dropped is gone', async () => {
    takingIn(bus, () => Promise.reject(new TerminalError('no')));
    await offer('a');
    const [parked] = await untilParked(bus);
    expect(await bus.unpark(parked!.id, 'drop')).toBe(true);
    expect(await bus.unpark(parked!.id, 'drop')).toBe(false);
    expect(await bus.parked()).toEqual([]);
  });

  test('what was offered, and what was in work, is there after a crash', async () => {
    await offer('in work');
    await offer('waiting');
    const before = takingIn(bus, hang);
    await before.untilSeen(1);
    await harness.crash();
    bus = await harness.open();
    const { seen, untilSeen } = takingIn(bus);
    await untilSeen(2);
    expect(seen.map(({ message, delivery }) => [textOf(message), delivery.redelivered])).toEqual([
      ['in work', true],
      ['waiting', false],
    ]);
  });

  test('the inbox is seen among the queues, and is no name for a service', async () => {
    const stateOf = async (name: string) => (await bus.queues()).find(({ service }) => service === name);
    await offer('a');
    await until('it is ready', async () => (await stateOf('inbox'))?.ready === 1);
    const { stop } = takingIn(bus);
    await until('it is taken', async () => (await stateOf('inbox'))?.consumers === 1);
    await until('it is empty', async () => (await stateOf('inbox'))?.ready === 0);
    await stop();
    await expect(consuming(bus, { service: 'inbox' }, hang).stop()).rejects.toBeInstanceOf(RangeError);
  });
}
