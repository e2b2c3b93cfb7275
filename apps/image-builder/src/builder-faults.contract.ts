import type { StrategyName } from '@keelson/builders';
import { endKey, endRun } from '@keelson/ledger';
import { servers, startHttpFaultProxy } from '@keelson/testbed';
import type { HttpFault, HttpFaultProxy } from '@keelson/testbed';
import { until } from '@keelson/work-testing';
import { dockerfile } from './builder-cluster.contract';
import { tagsOf } from './builder-fixture.contract';
import { BuilderHarness } from './builder-harness.contract';
import type { BuildQueued } from './deps';

/** A builder whose pods reach the registry that they push to through the proxy. */
export type Interfered = {
  harness: () => BuilderHarness;
  proxy: () => HttpFaultProxy;
  /** Too little for a step that wants more, enough for the builder. */
  littleMemory: string;
  /** Where a registry that refuses is given up soon. */
  refused: { method: string; url: string };
};

type Pods = { items: { metadata: { name: string }; status: { phase: string } }[] };

export async function podsOf({ kube }: BuilderHarness): Promise<Pods> {
  return (await kube.api.call({ what: 'looking', path: `/api/v1/namespaces/${kube.namespace}/pods` })) as Pods;
}

export const isRunning = async (harness: BuilderHarness): Promise<boolean> =>
  (await podsOf(harness)).items.some(({ status }) => status.phase === 'Running');

async function deletePods(harness: BuilderHarness): Promise<void> {
  for (const { metadata } of (await podsOf(harness)).items) {
    const path = `/api/v1/namespaces/${harness.kube.namespace}/pods/${metadata.name}`;
    const query = { gracePeriodSeconds: '0' };
    await harness.kube.api.call({ what: 'deleting a pod', method: 'DELETE', path, query });
  }
}

/** A harness for the tests of a suite, whose registry is behind a proxy. */
export function behindProxy(strategy: StrategyName): Pick<Interfered, 'harness' | 'proxy'> {
  let harness: BuilderHarness;
  let proxy: HttpFaultProxy;
  beforeAll(async () => {
    proxy = await startHttpFaultProxy(servers.registry, servers.hostIp);
    harness = await BuilderHarness.open({ strategy, registry: proxy.address });
  });
  afterAll(async () => {
    await harness.end();
    await proxy.close();
  });
  return { harness: () => harness, proxy: () => proxy };
}

/** What comes of every real builder that is interfered with. */
export function survivesFaults(strategy: StrategyName, { harness, proxy, littleMemory, refused }: Interfered): void {
  afterEach(() => {
    proxy().fault = undefined;
  });
  const tagOf = (event: BuildQueued) => harness().world.tagged(tagsOf(event).immutable);

  /** Once, while the builder runs. */
  const whileRunning = (act: (event: BuildQueued) => Promise<void>) => {
    let isDone = false;
    return async (event: BuildQueued) => {
      if (isDone || !(await isRunning(harness()))) return;
      isDone = true;
      await act(event);
    };
  };

  it('is an error of ours when somebody deletes its pod, and leaves no tag', async () => {
    const asked = { sequence: 1, tree: dockerfile('RUN sleep 600') };
    const { ended, event } = await harness().built(
      asked,
      whileRunning(() => deletePods(harness())),
    );
    expect(ended).toMatchObject({ outcome: 'error', reason: { code: 'deleted' } });
    expect(await tagOf(event)).toBeUndefined();
  });

  it('is an error of ours when the builder has too little memory', async () => {
    const small = harness().with({ memory: littleMemory });
    const { ended } = await small.built({ sequence: 2, tree: dockerfile('RUN tail /dev/zero') });
    expect(ended).toMatchObject({ outcome: 'error', reason: { code: 'out-of-memory' } });
  });

  it('is an error of ours when it needs more disk than builders get', async () => {
    const small = harness().with({ disk: '64Mi' });
    const fill = 'RUN dd if=/dev/zero of=/large bs=1M count=300 && sleep 600';
    const { ended } = await small.built({ sequence: 3, tree: dockerfile(fill) });
    const message = expect.stringMatching(/ephemeral local storage usage exceeds the total limit of containers 64Mi/);
    expect(ended).toMatchObject({ outcome: 'error', reason: { code: 'evicted', message } });
  });

  it('is red, and says so, when its base cannot be unpacked', async () => {
    const broken = await harness().world.image('broken'); // whose layer is no archive
    const { ended } = await harness().built({ sequence: 4, tree: { Dockerfile: `FROM ${broken}\nRUN true\n` } });
    // Makisu could not even be offered it.
    const code = strategy === 'makisu' ? 'not-started' : 'base-unreadable';
    expect(ended).toMatchObject({ outcome: 'failure', reason: { code } });
    expect(ended.reason?.message).toContain('broken');
  });

  /** Answers these requests, and lets all others pass. */
  const answering =
    (which: { method: string; url: string }, answer: (response: Parameters<HttpFault>[1]) => void): HttpFault =>
    ({ method, url = '' }, response) => {
      if (method !== which.method || !url.includes(which.url)) return false;
      answer(response);
      return true;
    };

  it('is an error of ours when the registry loses the last blob, and leaves no tag', async () => {
    // As a registry whose storage lost it answers the manifest.
    proxy().fault = answering({ method: 'PUT', url: '/widget/manifests/' }, (response) => {
      const body = { errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'blob unknown to registry' }] };
      response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    const { ended, event } = await harness().built({ sequence: 5, tree: dockerfile('RUN echo lost > /lost') });
    expect(ended).toMatchObject({ outcome: 'error', reason: { code: 'registry' } });
    proxy().fault = undefined;
    expect(await tagOf(event)).toBeUndefined();
  });

  it.each([
    [10, 503, 'registry'],
    [11, 429, 'rate-limited'],
  ])('is an error of ours when the registry answers a push badly (%i: %i)', async (sequence, status, code) => {
    proxy().fault = answering(refused, (response) => void response.writeHead(status).end());
    const { ended } = await harness().built({ sequence, tree: dockerfile(`RUN echo ${status} > /status`) });
    expect(ended).toMatchObject({ outcome: 'error', reason: { code } });
  });

  it('is an error of ours when the registry cuts the connection', async () => {
    proxy().fault = answering(refused, (response) => void response.destroy());
    const { ended } = await harness().built({ sequence: 12, tree: dockerfile('RUN echo cut > /cut') });
    expect(ended).toMatchObject({ outcome: 'error', reason: { code: 'network' } });
  });

  it('is stopped when its run is cancelled, and leaves no tag', async () => {
    const cancel = async ({ data }: BuildQueued) => {
      await endRun(harness().world.ledger, {
        ...{ ...data.customData, name: 'x', outcome: 'cancel', stage: 'build', endedBy: 'image-builder' },
        ...{ endedAt: new Date().toISOString(), reason: { code: 'cancelled', message: 'somebody asked for it' } },
      });
    };
    const asked = { sequence: 1000, tree: dockerfile('RUN sleep 600') };
    const { ended, event } = await harness().built(asked, whileRunning(cancel));
    expect(ended).toMatchObject({ outcome: 'cancel', reason: { code: 'cancelled' } });
    const end = await harness().world.ledger.read(endKey(event.data.customData.run, 1));
    expect(end).toMatchObject({ outcome: 'cancel' });
    await until('its pod is gone', async () => !(await isRunning(harness())), 120_000);
    expect(await tagOf(event)).toBeUndefined();
  });
}
