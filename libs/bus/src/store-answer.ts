import type { Answer } from './answer';
import { publishIn, release } from './bus-parts';
import type { BusParts } from './bus-parts';
import type { Found } from './delivery-lanes';

/** What an answer does, to a delivery of a queue and to its owner's parking: the delivery's next lane and the events it caused, in one transaction, so that neither is without the other. */
export function storeAnswer(parts: BusParts, { found, owner }: { found: Found; owner: string }, answer: Answer): void {
  const { lanes } = parts;
  switch (answer.kind) {
    case 'done':
      publishIn(parts, answer.events);
      lanes.finish(found);
      release(parts, found.offset);
      return;
    case 'wait': {
      const dueAtMs = parts.steadyClock.nowMs() + answer.delayMs;
      lanes.wait(found, answer.delivery, { lane: answer.lane, dueAtMs });
      return;
    }
    case 'park':
      publishIn(parts, answer.events);
      lanes.park(found, { ...answer.delivery, parkedAtMs: parts.wallClock() }, owner);
      return;
    case 'give-back':
      // Given back in order is no crash: the hand-out does not count.
      lanes.giveBack(found, {
        ...found.delivery,
        handOuts: Math.max(found.delivery.handOuts - 1, 0),
        redelivered: true,
      });
      return;
  }
}
