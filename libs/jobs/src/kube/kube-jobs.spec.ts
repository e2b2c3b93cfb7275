import { describeOn } from '@keelson/testbed';
import { describeJobs } from '../jobs.contract';
import { kubeHarness } from '../kube-harness.contract';

describeOn(['kubeconfig', 'registry'])('on a cluster', () => {
  describeJobs('jobs of Kubernetes', () => kubeHarness());
});
