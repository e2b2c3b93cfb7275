import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'minio';
import { pushImage, servers } from '@keelson/testbed';
import { openApi } from './kube/kube-api';
import type { KubeApi } from './kube/kube-api';
import type { Uploads } from './kube/kube-host';
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

/** The pod helper, built as it is now, in an image of its own. */
export function podHelperImage(): Promise<string> {
  const directory = mkdtempSync(path.join(tmpdir(), 'keelson-pod-'));
  const program = path.join(directory, 'keelson-pod');
  const env = { ...process.env, CGO_ENABLED: '0' };
  execFileSync('go', ['build', '-trimpath', '-o', program, '.'], { cwd: path.join(__dirname, '../pod'), env });
  const files = [{ path: 'keelson-pod', content: readFileSync(program), mode: 0o755 }];
  rmSync(directory, { recursive: true });
  return pushImage({ repository: 'keelson-jobs-pod', files });
}

/** Uploads into a bucket of the testbed's MinIO, by policies that are signed for one job each. */
export async function bucketUploads(): Promise<{ uploads: Uploads; end: () => Promise<void> }> {
  const { endpoint, accessKey, secretKey } = servers.s3;
  const { hostname: endPoint, port } = new URL(endpoint);
  const client = new Client({ ...{ endPoint, port: Number(port), useSSL: false }, accessKey, secretKey });
  const bucket = `keelson-jobs-${randomUUID().slice(0, 8)}`;
  await client.makeBucket(bucket);
  const keysBelow = async (prefix: string) => {
    const found: { name: string; size: number }[] = [];
    for await (const { name, size } of client.listObjectsV2(bucket, prefix, true)) found.push({ name, size });
    return found;
  };
  const remove = async (prefix: string) => {
    for (const { name } of await keysBelow(prefix)) await client.removeObject(bucket, name);
  };
  const uploads: Uploads = {
    remove: (name) => remove(`${name}/`),
    grant: async ({ name }) => {
      const policy = client.newPostPolicy();
      policy.setBucket(bucket);
      policy.setKeyStartsWith(`${name}/`);
      policy.setExpires(new Date(Date.now() + 3_600_000));
      policy.setContentLengthRange(0, 1_000_000);
      const { postURL, formData } = await client.presignedPostPolicy(policy);
      const { key: _, ...fields } = formData as Record<string, string>;
      const url = postURL.replace('127.0.0.1', servers.hostIp);
      return { url, fields, keyPrefix: `${name}/`, maxBytes: 1_000_000 };
    },
    list: async (name) =>
      (await keysBelow(`${name}/`)).map((object) => ({
        path: decodeURIComponent(object.name.slice(name.length + 1)),
        sizeBytes: object.size,
        read: async function* () {
          for await (const bytes of await client.getObject(bucket, object.name)) yield bytes as Buffer;
        },
      })),
  };
  const end = async () => {
    await remove('');
    await client.removeBucket(bucket);
  };
  return { uploads, end };
}

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
