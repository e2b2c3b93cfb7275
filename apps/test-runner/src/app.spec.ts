import path from 'node:path';
import { LmdbBus } from '@keelson/bus';
import { composeEvent, eventTypes } from '@keelson/events';
import type { EventOf } from '@keelson/events';
import { logger } from '@keelson/service';
import { startTestRunner } from './app';
import { time, World } from './runner-fixture.contract';

describe('the test runner as a service', () => {
  it('tests an image, and ends a test that is cancelled', async () => {
    const world = await World.open();
    const bus = await LmdbBus.open({ directory: path.join(world.root, 'bus'), onError: () => undefined });
    const silent = logger('test-runner', { destination: { write: () => undefined } });
    const service = await startTestRunner(world.process({ clock: Date.now }).deps, { bus, logger: silent });
    const stopping = new AbortController();
    const ends = new Map<string, string>();
    try {
      const [good, endless] = [await world.published('exit 0'), await world.published('sleep 600')];
      const run = endless.data.customData.run;
      await bus.publish([good, endless]);
      for await (const { event } of bus.replay({ from: 0, follow: true }, stopping.signal)) {
        if (event.type === eventTypes.testSuiteRunStarted && event.data.customData.run === run)
          await bus.publish([cancelled(run)]);
        if (event.type === eventTypes.testSuiteRunFinished)
          ends.set(event.data.customData.run, event.data.customData.outcome);
        if (ends.size === 2) break;
      }
      expect(ends).toEqual(new Map([[good.data.customData.run, 'success'] as const, [run, 'cancel'] as const]));
    } finally {
      stopping.abort();
      await service.close();
      await bus.close();
      await world.end();
    }
  });
});

const cancelled = (run: string): EventOf<typeof eventTypes.runCancelled> =>
  composeEvent({
    ...{ type: eventTypes.runCancelled, work: { run, attempt: 1, stage: 'test' }, service: 'command', subjectId: run },
    ...{ content: {}, time, customData: { run } },
  });
