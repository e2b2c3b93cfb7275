import { eventTypes } from '@keelson/events';
import type { EventType } from '@keelson/events';

/**
 * The services by the events that each takes. Whoever publishes makes all their queues: an event of a service that is started first waits for
 * the next one, which may never have run yet, and is not lost to it when others listen.
 */
export const takers: Readonly<Record<string, readonly EventType[]>> = {
  watcher: [eventTypes.runRequested, eventTypes.sourceWatched, eventTypes.sourceUnwatched],
  bootstrapper: [eventTypes.changeMerged, eventTypes.runRetried],
  'image-builder': [eventTypes.buildQueued],
  'registry-poller': [eventTypes.artifactPackaged],
  'test-runner': [eventTypes.artifactPublished, eventTypes.runCancelled],
};
