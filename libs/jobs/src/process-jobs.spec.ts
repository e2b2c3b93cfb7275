import { rmSync } from 'node:fs';
import { describeJobs } from './jobs.contract';
import { compiled, processHarness } from './process-harness.contract';

const code = compiled();
afterAll(() => rmSync(code.directory, { recursive: true }));

describeJobs('jobs as child processes', () => processHarness(code.supervisorPath));
