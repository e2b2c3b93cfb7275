import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { LmdbBus } from '@keelson/bus';
import { eventTypes } from '@keelson/events';
import { TerminalError } from '@keelson/stage';
import { changeMerged, newAsking, newDirectory, runOf } from '../fixture.contract';
import type { Asking } from './context';
import { list, parked, unpark } from './parked';
import { publishOutside } from './publish-outside';
import { queues } from './queues';
import { showParked } from './show-parked';

/** Parks whatever comes, as the services `bootstrapper` and `watcher`, until so many are parked. */
async function parkAll({ data }: Asking, count: number): Promise<readonly string[]> {
  const bus = await LmdbBus.open({ directory: data.bus });
  const stop = new AbortController();
  const refuse = () => Promise.reject(new TerminalError('nobody can\nwork on this'));
  const subscription = { service: 'bootstrapper', types: [eventTypes.changeMerged], prefetch: 1 };
  const consuming = [
    bus.consume(subscription, refuse, stop.signal),
    bus.consumeInbox({ service: 'watcher', prefetch: 1 }, refuse, stop.signal),
  ];
  while ((await bus.parked()).length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort();
  await Promise.all(consuming);
  const ids = (await bus.parked()).map(({ id }) => id);
  await bus.close();
  return ids;
}

async function publish({ data }: Asking): Promise<void> {
  const bus = await LmdbBus.open({ directory: data.bus });
  const stop = new AbortController();
  const types = [eventTypes.changeMerged];
  // A queue is there from the first subscription on.
  const consuming = bus.consume({ service: 'bootstrapper', types, prefetch: 1 }, () => Promise.reject(), stop.signal);
  stop.abort();
  await consuming;
  await bus.publish([changeMerged(runOf(1))]);
  await bus.close();
}

function file(text: string): string {
  const name = path.join(newDirectory(), 'event.json');
  writeFileSync(name, text);
  return name;
}

describe('commands for operators', () => {
  it('show what waits, in a table and for machines', async () => {
    const { asking, out } = await newAsking();
    await publish(asking);
    await publishOutside(asking, [file('{}')]);
    await queues(asking);
    const rows = out.lines.slice(1).map((line) => line.trim().split(/\s{2,}/));
    expect(rows[0]).toEqual(['queue', 'ready', 'oldest', 'in work', 'again', 'retry', 'parked', 'dead', 'consumers']);
    const cells = Object.fromEntries(rows.slice(1).map(([name, ready, , ...others]) => [name, [ready, ...others]]));
    const waiting = ['1', '0', '0', '0', '0', '-', '0'];
    expect(cells).toEqual({ bootstrapper: waiting, inbox: waiting });
    const json = { ...asking, isJson: true };
    await queues(json);
    const states = out.lines.slice(-2).map((line) => JSON.parse(line) as { service: string; oldestMs: number });
    expect(states.map(({ service }) => service).sort()).toEqual(['bootstrapper', 'inbox']);
    expect(states.every(({ oldestMs }) => oldestMs >= 0)).toBe(true);
  });

  it('say when there are no queues', async () => {
    const { asking, problems } = await newAsking();
    await queues(asking);
    expect(problems.lines[0]).toMatch(/no queue yet/);
  });

  it('list, show, put back and forget what was parked', async () => {
    const { asking, out } = await newAsking();
    await publish(asking);
    await publishOutside(asking, [file('{"hello": "w\u001b[31mrld"}')]);
    const ids = await parkAll(asking, 2);
    await list(asking);
    const listed = out.lines.slice(-2).join('\n');
    for (const id of ids) expect(listed).toContain(id);
    expect(listed).toMatch(/dev\.cdevents\.change\.merged\.0\.3\.0 {2}terminal: nobody can·work on this/);
    expect(listed).toContain('a message from outside');
    for (const id of ids) await showParked(asking, id);
    const shown = out.lines.join('\n');
    expect(shown).toMatch(/parked by bootstrapper at .*, after 1 failed try\nterminal:\n {2}nobody can\n {2}work/);
    expect(shown).toContain(`"chainId": "${runOf(1).run}"`);
    expect(shown).toMatch(/the message, received at .*, 22 bytes:\n {2}content type: application\/json\n.*w·\[31mrld/);
    await unpark(asking, 'replay', [ids[0]!]);
    await unpark({ ...asking, isJson: true }, 'drop', [ids[1]!]);
    expect(out.lines.slice(-2)).toEqual([
      `put ${ids[0]} back into its queue`,
      JSON.stringify({ id: ids[1], done: 'drop' }),
    ]);
    const before = out.lines.length;
    await parked(asking, {});
    expect(out.lines).toHaveLength(before);
  });

  it('keep the event as it was when it is put back', async () => {
    const { asking, out } = await newAsking({ isJson: true });
    await publish(asking);
    const [id] = await parkAll(asking, 1);
    await showParked(asking, id!);
    await parked(asking, { replay: id! });
    const [again] = await parkAll(asking, 1);
    await showParked(asking, again!);
    const events = out.lines.map((line) => (JSON.parse(line) as { event?: object }).event).filter(Boolean);
    expect(events).toEqual([changeMerged(runOf(1)), changeMerged(runOf(1))]);
  });

  it('say what to do about an id that is not there, and a file that is not', async () => {
    const { asking } = await newAsking();
    for (const ask of [
      () => unpark(asking, 'drop', ['nobody/1']),
      () => showParked(asking, 'nobody/1'),
      () => parked(asking, { drop: 'nobody/1' }),
    ])
      await expect(ask()).rejects.toThrow('there is no parked delivery "nobody/1"; `keelson parked` lists them');
    await expect(parked(asking, { replay: 'a', drop: 'b' })).rejects.toThrow(/either/);
    await expect(publishOutside(asking, ['/nowhere.json'])).rejects.toThrow(/\/nowhere.json cannot be read \(ENOENT\)/);
  });
});
