import path from 'node:path';
import { LmdbBus } from '@keelson/bus';
import { eventTypes, newRunId, composeEvent } from '@keelson/events';
import type { Event } from '@keelson/events';
import { logger } from '@keelson/service';
import type { Service } from '@keelson/service';
import { startWatcher } from './app';
import { said, World } from './watcher-fixture.contract';

describe('the watcher as a service', () => {
  let world: World;
  let bus: LmdbBus;
  let service: Service | undefined;
  const stopping = new AbortController();
  beforeEach(async () => {
    world = await World.open();
    bus = await LmdbBus.open({ directory: path.join(world.root, 'bus'), onError: () => undefined });
  });
  afterEach(async () => {
    stopping.abort();
    await service?.close();
    await bus.close();
    await world.end();
  });
  const silent = logger('watcher', { destination: { write: () => undefined } });

  it('sees commits by itself, and answers requests', async () => {
    // A look by the clock would come too late for the test.
    const deps = await world.deps(['^main'], { localIntervalMs: 3_600_000, clock: Date.now });
    service = await startWatcher(deps, { bus, logger: silent });
    const events = told(bus, stopping.signal);
    const first = world.repository.commit('first');
    expect(said(await events.next())).toBe(`refs/heads/main 1 ${first}`);
    const second = world.repository.commit('second');
    expect(said(await events.next())).toBe(`refs/heads/main 2 ${second}`);
    const run = newRunId();
    const customData = { run, source: world.repository.path, ref: 'refs/keelson/worktree', commit: second };
    const work = { run, attempt: 1, stage: 'source' } as const;
    const request = composeEvent({
      ...{ type: eventTypes.runRequested, work, service: 'command', subjectId: run },
      ...{ content: {}, time: '2026-01-02T03:04:05Z', customData },
    });
    await bus.publish([request]);
    expect((await events.next()).data.context.chainId).toBe(run);
  });
});

/** Changes as they are published, one after the other. */
function told(bus: LmdbBus, signal: AbortSignal): { next: () => Promise<Event> } {
  const entries = bus.replay({ from: 0, follow: true }, signal)[Symbol.asyncIterator]();
  const next = async (): Promise<Event> => {
    for (;;) {
      const { value, done } = await entries.next();
      if (done === true) throw new Error('the bus has ended');
      if (value.event.type === eventTypes.changeMerged) return value.event;
    }
  };
  return { next };
}
