import type { Ledger } from '@keelson/ledger';
import { workAtHand } from '@keelson/work';
import type { WorkAtHand } from '@keelson/work';

/** Tests that were asked for and have not ended, in the order in which they are started. From records alone. */
export const testsAtWork = (ledger: Ledger): Promise<{ running: WorkAtHand[]; waiting: WorkAtHand[] }> =>
  workAtHand(ledger, { service: 'test-runner', stage: 'test' });

/** The same of builds that are jobs. */
export const buildsAtWork = (ledger: Ledger): Promise<{ running: WorkAtHand[]; waiting: WorkAtHand[] }> =>
  workAtHand(ledger, { service: 'image-builder', stage: 'build' });
