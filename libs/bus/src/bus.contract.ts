import type { MakeHarness } from './bus-harness.contract';
import { describeAudit } from './bus-audit.contract';
import { describeCrashes } from './bus-crash.contract';
import { describeDelivery } from './bus-delivery.contract';
import { describeFailures } from './bus-failure.contract';
import { describeInbox } from './bus-inbox.contract';
import { describeLeadership } from './bus-leadership.contract';
import { describeParking } from './bus-parking.contract';

/**
 * What every bus must do, whatever it is made of. An adapter's spec calls it with the means to make one on the real thing.
 * Counts of deliveries in work or waiting, and how old they are, are left to the adapters' own specs: a broker tells them late, if at all.
 */
export function describeBus(name: string, makeHarness: MakeHarness): void {
  describe(name, () => {
    describe('delivery', () => describeDelivery(makeHarness));
    describe('failures', () => describeFailures(makeHarness));
    describe('parking', () => describeParking(makeHarness));
    describe('crashes', () => describeCrashes(makeHarness));
    describe('inbox', () => describeInbox(makeHarness));
    describe('audit', () => describeAudit(makeHarness));
    describe('leadership', () => describeLeadership(makeHarness));
  });
}
