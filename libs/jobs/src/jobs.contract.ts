import type { MakeHarness } from './jobs-harness.contract';
import { describeEnds } from './jobs-ends.contract';
import { describeFiles } from './jobs-files.contract';
import { describeLogs } from './jobs-log.contract';
import { describeStops } from './jobs-stop.contract';

/** What every adapter must do, wherever its jobs run. An adapter's spec calls it with the means to make one on the real thing. */
export function describeJobs(name: string, makeHarness: MakeHarness): void {
  describe(name, () => {
    describe('starts and ends', () => describeEnds(makeHarness));
    describe('output', () => describeLogs(makeHarness));
    describe('stopping and removing', () => describeStops(makeHarness));
    describe('files', () => describeFiles(makeHarness));
  });
}
