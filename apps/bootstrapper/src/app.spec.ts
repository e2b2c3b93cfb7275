import path from 'node:path';
import { LmdbBus } from '@keelson/bus';
import { composeEvent, eventTypes, newRunId } from '@keelson/events';
import type { Event } from '@keelson/events';
import { endKey } from '@keelson/ledger';
import { logger } from '@keelson/service';
import type { Service } from '@keelson/service';
import { startBootstrapper } from './app';
import { pipeline, World } from './bootstrapper-fixture.contract';
import { SourceAccess } from './source-access';

describe('the bootstrapper as a service', () => {
  let world: World;
  let bus: LmdbBus;
  let service: Service;
  let stopping: AbortController;
  const silent = logger('bootstrapper', { destination: { write: () => undefined } });
  beforeEach(async () => {
    stopping = new AbortController();
    world = await World.open();
    const retryMs = [1, 1, 1] as const;
    bus = await LmdbBus.open({ directory: path.join(world.root, 'bus'), retryMs, onError: () => undefined });
  });
  afterEach(async () => {
    stopping.abort();
    await service.close();
    await bus.close();
    await world.end();
  });

  /** Waits for an event of this type. */
  async function told(type: string): Promise<Event> {
    for await (const { event } of bus.replay({ from: 0, follow: true }, stopping.signal)) {
      if (event.type === type) return event;
    }
    throw new Error('the bus has ended');
  }

  it('answers a change', async () => {
    service = await startBootstrapper(world.deps(), { bus, logger: silent });
    const event = await world.change(world.commit({ '.keelson.yaml': pipeline }));
    await bus.publish([event]);
    expect((await told(eventTypes.buildQueued)).data.context.chainId).toBe(event.data.customData.run);
  });

  it('ends a run whose change it gives up on, so that the account waits for nobody', async () => {
    const sources = new SourceAccess({ mirrors: '', worktrees: '', remote: undefined as never });
    sources.open = () => Promise.reject(new Error('nobody knows what this is'));
    service = await startBootstrapper(world.deps({ sources }), { bus, logger: silent });
    const event = await world.change(world.commit({ '.keelson.yaml': pipeline }));
    const { run } = event.data.customData;
    await bus.publish([event]);
    await told(eventTypes.pipelineRunFinished);
    const end = await world.ledger.read(endKey(run, 1));
    expect(end).toMatchObject({ outcome: 'error', stage: 'source', reason: { code: 'parked' } });
    expect(end?.reason?.message).toContain('nobody knows what this is');
  });

  it('parks a request that can never work, and ends no run by it', async () => {
    service = await startBootstrapper(world.deps(), { bus, logger: silent });
    const run = newRunId();
    const work = { run, attempt: 2, stage: 'source' } as const;
    const request = composeEvent({
      ...{ type: eventTypes.runRetried, work, service: 'command', subjectId: run, content: {} },
      ...{ time: '2026-01-02T03:04:05Z', customData: { run, attempt: 2 } },
    });
    await bus.publish([request]);
    while ((await bus.parked()).length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(await world.ledger.attempts(run)).toEqual([]);
  });
});
