import type { Event } from '@keelson/events';
import { EventTooLargeError } from './event-too-large-error';

/** An event as text, made before it is sent or stored: what cannot be written must fail its caller, not its neighbours. */
export type EncodedEvent = { id: string; type: string; json: string };

/** What a message may have at most, in bytes: events carry names and digests, never contents. */
const maxMessageBytes = 1024 * 1024;

/** @throws EventTooLargeError */
export const encodeEvents = (events: readonly Event[]): EncodedEvent[] => events.map(encodeEvent);

function encodeEvent(event: Event): EncodedEvent {
  const json = JSON.stringify(event);
  const sizeBytes = Buffer.byteLength(json);
  if (sizeBytes <= maxMessageBytes) return { id: event.id, type: event.type, json };
  throw new EventTooLargeError(
    `event ${event.id} (${event.type}) has ${sizeBytes} bytes, more than ${maxMessageBytes}`,
  );
}
