import { describeBus } from './bus.contract';
import { lmdbHarness } from './lmdb-harness.contract';

describeBus('the bus on LMDB', (times) => lmdbHarness(times));
