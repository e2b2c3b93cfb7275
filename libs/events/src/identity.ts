import { v5, v7 } from 'uuid';
import type { EventType } from './event';
import type { StageName } from './custom-data';

/** The namespace of all ids derived from work keys. Fixed for ever: changing it would make every id new. */
const namespace = '6d1f6f0e-2b0c-5d0a-9a53-6b65656c736f';

/** One stage of one attempt of one run: the unit of work that happens once. */
export type WorkKey = { run: string; attempt: number; stage: StageName };

/** A new run id. UUIDv7, so that ids sort by the time they were minted. */
export const newRunId = (): string => v7();

/** The work key as text, safe in object keys and Job names. */
export const workKeyText = (key: WorkKey): string => `${key.run}.${key.attempt}.${key.stage}`;

/** The event's id: the same work tells the same event, however often it is told. */
export function eventId(key: WorkKey, type: EventType, subjectId: string): string {
  return v5(`${workKeyText(key)}\n${type}\n${subjectId}`, namespace);
}
