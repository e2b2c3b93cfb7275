import type { BusParts } from './bus-parts';
import { lookAgain } from './bus-parts';

/** Puts in order what the last owner left: deliveries in work come back, and no wait is longer than it was meant to be. */
export function recover(parts: BusParts): void {
  const { store, lanes, subscriptions, steadyClock } = parts;
  store.root.transactionSync(() => {
    for (const service of subscriptions.services()) {
      lanes.recoverWork(service);
      lanes.shortenWaits(service, steadyClock.nowMs());
    }
  });
  lookAgain(parts);
}
