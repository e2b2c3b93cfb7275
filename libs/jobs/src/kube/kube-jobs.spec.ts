import { describeOn } from '@keelson/testbed';
import { describeJobs } from '../jobs.contract';
import { kubeHarness } from '../kube-harness.contract';

// A pod takes a second or two to come and to go, more where many start at once.
jest.setTimeout(120_000);

describeOn(['kubeconfig', 'registry'])('on a cluster', () => {
  describeJobs('jobs of Kubernetes', () => kubeHarness());
});
