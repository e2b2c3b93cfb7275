import path from 'node:path';
import { LmdbBus } from '@keelson/bus';
import { eventTypes } from '@keelson/events';
import type { Event } from '@keelson/events';
import { logger } from '@keelson/service';
import { startRegistryPoller } from './app';
import { World } from './poller-fixture.contract';

describe('the registry poller as a service', () => {
  it('answers an image of ours, and sees one of somebody else', async () => {
    const world = await World.open();
    const bus = await LmdbBus.open({ directory: path.join(world.root, 'bus'), onError: () => undefined });
    const silent = logger('registry-poller', { destination: { write: () => undefined } });
    const watched = [`${world.registry}/widget:main`];
    const service = await startRegistryPoller(world.deps({ watched, pollMs: 20 }), { bus, logger: silent });
    const stopping = new AbortController();
    try {
      const event = await world.packaged(await world.push('ours', 'main-1-abc'));
      await bus.publish([event]);
      const theirs = await world.push('theirs', 'main');
      const runs = new Map<string, string>();
      for await (const { event: each } of bus.replay({ from: 0, follow: true }, stopping.signal)) {
        if (each.type === eventTypes.artifactPublished) runs.set(digestOf(each), each.data.context.chainId);
        if (runs.size === 2) break;
      }
      expect(runs.get(event.data.customData.image.digest)).toBe(event.data.customData.run);
      expect(runs.get(theirs)).not.toBe(event.data.customData.run);
    } finally {
      stopping.abort();
      await service.close();
      await bus.close();
      await world.end();
    }
  });
});

const digestOf = (event: Event): string => (event.data.customData as { image: { digest: string } }).image.digest;
