import type { Event } from '@keelson/events';
import type { Outcome, Stage } from '@keelson/stage';

/** What a stage tells when it is asked twice: the same, to the last field. */
export async function toldTwice<E extends Event>(stage: Stage<E>, event: E): Promise<readonly Event[]> {
  const { signal } = new AbortController();
  const outcome = await stage(event, signal);
  expect(await stage(event, signal)).toEqual(outcome);
  return eventsOf(outcome);
}

export function eventsOf(outcome: Outcome): readonly Event[] {
  if (outcome.kind === 'emit') return outcome.events;
  throw new Error(`the stage waits: ${outcome.because}`);
}

export const typesOf = (events: readonly Event[]): string[] => events.map(({ type }) => type);
