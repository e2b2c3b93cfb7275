import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { removeJob } from './end-job';
import type { ApiCall, KubeApi } from './kube-api';
import type { KubeHost } from './kube-host';
import { KubeJobs } from './kube-jobs';
import { jobLabel, nameAnnotation, namespaceAnnotation } from './kube-names';
import { jobObject } from './kube-objects';

describe('a job that is removed', () => {
  /** What is deleted with a job that says to have had its namespace made for it. */
  async function deletedWith(namespace: string): Promise<string[]> {
    const deleted: string[] = [];
    const call = ({ method, path }: ApiCall) => Promise.resolve(method === 'DELETE' ? deleted.push(path) : undefined);
    const host = { api: { call } as unknown as KubeApi, namespace: 'work' } as KubeHost;
    const metadata = { name: '0-1-test', namespace, annotations: { [namespaceAnnotation]: 'true' } };
    await removeJob(host, { name: '0.1.test', job: jobObject.parse({ metadata }), pod: undefined });
    return deleted;
  }

  it('takes the namespace along that was made for it', async () => {
    const job = '/apis/batch/v1/namespaces/own/jobs/0-1-test';
    expect(await deletedWith('own')).toEqual([job, '/api/v1/namespaces/own']);
  });

  it('leaves the one that all jobs are in, whatever it says', async () => {
    expect(await deletedWith('work')).toEqual(['/apis/batch/v1/namespaces/work/jobs/0-1-test']);
  });
});

describe('a job that is stopped', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'keelson-end-'));
  const labels = { [jobLabel]: '0-1-test' };
  /** What the cluster has and was told; a pod's change fails so often. */
  let job: { metadata: { annotations: Record<string, string> } & Record<string, unknown> };
  let toldPod: unknown[];
  let failures: number;
  const server = http.createServer((request, response) => {
    void (async () => {
      let body = '';
      for await (const piece of request) body += String(piece);
      const isPod = request.url?.includes('/pods') === true;
      if (request.method !== 'PATCH') {
        response.end(JSON.stringify({ metadata: {}, items: [isPod ? pod : job] }));
      } else if (isPod && (failures -= 1) >= 0) {
        response.writeHead(500).end('etcd is away');
      } else {
        if (isPod) toldPod.push(JSON.parse(body));
        else Object.assign(job.metadata.annotations, (JSON.parse(body) as typeof job).metadata.annotations);
        response.end('{}');
      }
    })();
  });
  const pod = {
    metadata: { name: '0-1-test-x', namespace: 'work', labels },
    spec: { nodeName: 'one', containers: [{ name: 'main' }] },
    status: {
      phase: 'Running',
      containerStatuses: [{ name: 'main', state: { running: { startedAt: '2026-11-24T10:00:00Z' } } }],
    },
  };

  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  beforeEach(() => {
    job = { metadata: { name: '0-1-test', namespace: 'work', labels, annotations: { [nameAnnotation]: '0.1.test' } } };
    toldPod = [];
    failures = 1;
  });
  afterAll(() => {
    server.close().closeAllConnections();
    rmSync(directory, { recursive: true });
  });

  function open(): KubeJobs {
    const file = path.join(directory, 'kubeconfig');
    const { port } = server.address() as AddressInfo;
    const config = {
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'x', users: [{ name: 'x', user: { token: 'x' } }] },
      clusters: [{ name: 'x', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
      contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
    };
    writeFileSync(file, JSON.stringify(config));
    return KubeJobs.open({ kubeconfig: file, namespace: 'work' });
  }
  const deadline = { spec: { activeDeadlineSeconds: 1 } };

  it.each(['stopped again', 'looked at'])('and whose pod was not told is told when it is %s, once', async (how) => {
    await expect(open().stop('0.1.test')).rejects.toThrow('etcd is away');
    const jobs = open();
    for (let time = 0; time < 3; time += 1) {
      if (how === 'looked at') expect(await jobs.list()).toMatchObject([{ phase: 'running' }]);
      else await jobs.stop('0.1.test');
    }
    expect(toldPod).toEqual([deadline]);
    await jobs.close();
  });

  it('does not keep others from being looked at while its pod cannot be told', async () => {
    failures = 3;
    const jobs = open();
    await expect(jobs.stop('0.1.test')).rejects.toThrow('etcd is away');
    for (let time = 0; time < 4; time += 1) expect(await jobs.list()).toMatchObject([{ phase: 'running' }]);
    expect(toldPod).toEqual([deadline]);
    await jobs.close();
  });

  it('is told once when nothing goes wrong', async () => {
    failures = 0;
    const jobs = open();
    await jobs.stop('0.1.test');
    await jobs.stop('0.1.test');
    await jobs.list();
    expect(toldPod).toEqual([deadline]);
    await jobs.close();
  });
});
