import { randomUUID } from 'node:crypto';
import { pushImage, servers } from '@keelson/testbed';
import { openApi } from './kube/kube-api';
import type { KubeApi } from './kube/kube-api';
import { KubeJobs } from './kube/kube-jobs';
import type { KubeJobsOptions } from './kube/kube-jobs';
import type { JobsHarness } from './jobs-harness.contract';

export type KubeHarness = Omit<JobsHarness, 'open'> & {
  namespace: string;
  /** The cluster's API, as an administrator. */
  api: KubeApi;
  warnings: string[];
  open(options?: Partial<KubeJobsOptions>): Promise<KubeJobs>;
};

export const kubeSample = { path: 'sample.txt', content: 'what the image holds\n' };

/** An image with busybox's tools and the sample file below `/src`. */
export const kubeSampleImage = (): Promise<string> =>
  pushImage({
    repository: 'keelson-jobs-sample',
    base: 'busybox:1',
    files: [{ path: `src/${kubeSample.path}`, content: kubeSample.content }],
  });

/** Jobs in a namespace of their own on the testbed's cluster, with graces short enough for a test. */
export async function kubeHarness(labels: Record<string, string> = {}): Promise<KubeHarness> {
  const namespace = `keelson-jobs-${randomUUID().slice(0, 8)}`;
  const api = openApi(servers.kubeconfig);
  const metadata = { name: namespace, labels };
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata };
  await api.call({ what: 'creating a namespace', method: 'POST', path: '/api/v1/namespaces', body });
  const opened: KubeJobs[] = [];
  const warnings: string[] = [];
  return {
    namespace,
    api,
    warnings,
    image: await kubeSampleImage(),
    workdir: '/src',
    sample: kubeSample,
    keepsFiles: false,
    isExact: false,
    open: async (options: Partial<KubeJobsOptions> = {}) => {
      const jobs = KubeJobs.open({
        ...{ kubeconfig: servers.kubeconfig, namespace },
        ...{ graces: { stopGraceMs: 2000 }, onWarning: (message) => void warnings.push(message) },
        ...options,
      });
      opened.push(jobs);
      return jobs;
    },
    end: async () => {
      for (const jobs of opened) await jobs.close();
      const path = `/api/v1/namespaces/${namespace}`;
      await api.call({ what: 'removing a namespace', method: 'DELETE', path });
      api.close();
    },
  };
}
