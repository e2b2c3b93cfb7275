import type { Event } from '@keelson/events';

/** An event as text, made before it is sent or stored: what cannot be written must fail its caller, not its neighbours. */
export type EncodedEvent = { id: string; type: string; json: string };

export const encodeEvents = (events: readonly Event[]): EncodedEvent[] =>
  events.map((event) => ({ id: event.id, type: event.type, json: JSON.stringify(event) }));
