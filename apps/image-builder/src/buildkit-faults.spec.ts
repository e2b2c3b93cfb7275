import { endKey, endRun } from '@keelson/ledger';
import { parseImageReference } from '@keelson/registry';
import { describeOn, servers, startHttpFaultProxy } from '@keelson/testbed';
import type { HttpFaultProxy } from '@keelson/testbed';
import { until } from '@keelson/work-testing';
import { loginFor } from '../../../libs/registry/src/testing/logins';
import { startRegistry, testLogin, whyNoRegistry } from '../../../libs/registry/src/testing/private-registry';
import type { PrivateRegistry } from '../../../libs/registry/src/testing/private-registry';
import { tagsOf, unaborted } from './builder-fixture.contract';
import { BuildkitHarness } from './buildkit-harness.contract';
import type { BuildQueued } from './deps';
import { TagObserver } from './observer';

jest.setTimeout(200_000);
const base = () => `${servers.registry}/busybox:1`;
const dockerfile = (...lines: string[]) => ({ Dockerfile: [`FROM ${base()}`, ...lines, ''].join('\n') });

type Pods = { items: { metadata: { name: string }; status: { phase: string } }[] };

describeOn(['kubeconfig', 'registry', 'hostIp'])('a build by BuildKit that is interfered with', () => {
  let harness: BuildkitHarness;
  /** Between the pods and the registry that they push to. */
  let proxy: HttpFaultProxy;
  beforeAll(async () => {
    proxy = await startHttpFaultProxy(servers.registry, servers.hostIp);
    harness = await BuildkitHarness.open({ registry: proxy.address });
  });
  afterEach(() => {
    proxy.fault = undefined;
  });
  afterAll(async () => {
    await harness.end();
    await proxy.close();
  });

  const pods = async (): Promise<Pods> =>
    (await harness.kube.api.call({
      what: 'looking',
      path: `/api/v1/namespaces/${harness.kube.namespace}/pods`,
    })) as Pods;

  async function deletePods(): Promise<void> {
    for (const { metadata } of (await pods()).items) {
      const path = `/api/v1/namespaces/${harness.kube.namespace}/pods/${metadata.name}`;
      await harness.kube.api.call({
        what: 'deleting a pod',
        method: 'DELETE',
        path,
        query: { gracePeriodSeconds: '0' },
      });
    }
  }

  const isRunning = async () => (await pods()).items.some(({ status }) => status.phase === 'Running');
  const tagOf = (event: BuildQueued) => harness.world.tagged(tagsOf(event).immutable);

  it('is an error of ours when somebody deletes its pod, and leaves no tag', async () => {
    let isDeleted = false;
    const { ended, event } = await harness.built({ sequence: 1, tree: dockerfile('RUN sleep 100') }, async () => {
      if (isDeleted || !(await isRunning())) return;
      isDeleted = true;
      await deletePods();
    });
    expect(ended).toMatchObject({ outcome: 'error', reason: { code: 'deleted' } });
    expect(await tagOf(event)).toBeUndefined();
  });

  it('is an error of ours when the builder has too little memory', async () => {
    const small = harness.with({ memory: '96Mi' });
    const { ended } = await small.built({ sequence: 2, tree: dockerfile('RUN tail /dev/zero') });
    expect(ended).toMatchObject({ outcome: 'error', reason: { code: 'out-of-memory' } });
  });

  it('is an error of ours when it needs more disk than builders get', async () => {
    const small = harness.with({ disk: '64Mi' });
    const fill = 'RUN dd if=/dev/zero of=/large bs=1M count=300 && sleep 120';
    const { ended } = await small.built({ sequence: 3, tree: dockerfile(fill) });
    const message = expect.stringMatching(/ephemeral local storage usage exceeds the total limit of containers 64Mi/);
    expect(ended).toMatchObject({ outcome: 'error', reason: { code: 'evicted', message } });
  });

  it('is red, and says so, when its base cannot be unpacked', async () => {
    const broken = await harness.world.image('broken'); // whose layer is no archive
    const { ended } = await harness.built({ sequence: 4, tree: { Dockerfile: `FROM ${broken}\nRUN true\n` } });
    expect(ended).toMatchObject({ outcome: 'failure', reason: { code: 'base-unreadable' } });
    expect(ended.reason?.message).toContain('broken');
  });

  it('is an error of ours when the registry loses the last blob, and leaves no tag', async () => {
    // As a registry whose storage lost it answers the manifest.
    proxy.fault = ({ method, url = '' }, response) => {
      if (method !== 'PUT' || !url.includes('/widget/manifests/')) return false;
      const body = { errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'blob unknown to registry' }] };
      response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      return true;
    };
    const { ended, event } = await harness.built({ sequence: 5, tree: dockerfile('RUN echo lost > /lost') });
    expect(ended).toMatchObject({ outcome: 'error', reason: { code: 'registry' } });
    proxy.fault = undefined;
    expect(await tagOf(event)).toBeUndefined();
  });

  it('is an error of ours when its source is gone, and says so', async () => {
    proxy.fault = ({ method, url = '' }, response) => {
      if (method !== 'GET' || !url.includes('/widget-source/blobs/')) return false;
      response.writeHead(404).end();
      return true;
    };
    const { ended } = await harness.built({ sequence: 6, tree: dockerfile('RUN true') });
    expect(ended).toMatchObject({ outcome: 'error', reason: { code: 'not-started' } });
    expect(ended.reason?.message).toMatch(/preparing the pod failed: .*widget-source\/blobs\/.*HTTP status 404/);
  });

  it.each([
    [10, 503, 'registry'],
    [11, 429, 'rate-limited'],
  ])('is an error of ours when the registry answers uploads badly (%i: %i)', async (sequence, status, code) => {
    proxy.fault = ({ method, url = '' }, response) => {
      if (method !== 'POST' || !url.includes('/widget/blobs/uploads/')) return false;
      response.writeHead(status).end();
      return true;
    };
    const { ended } = await harness.built({ sequence, tree: dockerfile(`RUN echo ${status} > /status`) });
    expect(ended).toMatchObject({ outcome: 'error', reason: { code } });
  });

  it('is stopped when its run is cancelled, and leaves no tag', async () => {
    let cancelled = false;
    const { ended, event } = await harness.built(
      { sequence: 1000, tree: dockerfile('RUN sleep 100') },
      async ({ data }) => {
        if (cancelled || !(await isRunning())) return;
        cancelled = true;
        await endRun(harness.world.ledger, {
          ...{ ...data.customData, name: 'x', outcome: 'cancel', stage: 'build', endedBy: 'image-builder' },
          ...{ endedAt: new Date().toISOString(), reason: { code: 'cancelled', message: 'somebody asked for it' } },
        });
      },
    );
    expect(ended).toMatchObject({ outcome: 'cancel', reason: { code: 'cancelled' } });
    expect(await harness.world.ledger.read(endKey(event.data.customData.run, 1))).toMatchObject({ outcome: 'cancel' });
    await until('its pod is gone', async () => !(await isRunning()), 30_000);
    expect(await tagOf(event)).toBeUndefined();
  });

  it('does not get the moving tag when a newer one that ran beside it has ended first', async () => {
    const patient = harness.with({}, { cancelRunning: false });
    // Both were asked for before the newer change was known to anybody else.
    const older = await patient.ask({ sequence: 1001, tree: dockerfile('RUN sleep 8', 'RUN echo older > /which') });
    const observer = patient.observer();
    await until('the older one runs', async () => {
      await patient.pass(observer);
      return isRunning();
    });
    const newer = await patient.ask({ sequence: 1002, tree: dockerfile('RUN echo newer > /which') });
    const moves: (string | undefined)[] = [];
    await until(
      'both have ended',
      async () => {
        await patient.pass(observer);
        const tags = new TagObserver(patient.deps());
        for (const open of await tags.list()) {
          await tags.report(open, unaborted);
          await tags.mark(open);
          moves.push(await patient.world.tagged(tagsOf(older).moving));
        }
        return moves.length === 2;
      },
      170_000,
    );
    const [digest, late] = [await tagOf(newer), await tagOf(older)];
    expect(late).toBeDefined();
    expect(late).not.toBe(digest);
    expect(moves).toEqual([digest, digest]);
  });
});

const locked = whyNoRegistry() === undefined ? describeOn(['kubeconfig', 'registry', 'hostIp']) : describe.skip;
locked('a build by BuildKit that pushes to a registry with a password', () => {
  let registry: PrivateRegistry;
  /** Where pods reach that registry. */
  let door: HttpFaultProxy;
  let harness: BuildkitHarness;
  beforeAll(async () => {
    registry = await startRegistry({ login: true });
    door = await startHttpFaultProxy(registry.address, servers.hostIp);
    harness = await BuildkitHarness.open({ others: [door.address], credentials: loginFor(door.address) });
  });
  afterAll(async () => {
    await harness.end();
    await door.close();
    await registry.close();
  });

  const built = (password: string, name: string) => {
    const auth = Buffer.from(`${testLogin.username}:${password}`).toString('base64');
    const dockerConfig = () => Promise.resolve(JSON.stringify({ auths: { [door.address]: { auth } } }));
    const push = [`${door.address}/team/${name}:1`];
    return harness
      .with({}, { dockerConfig })
      .built({ tree: dockerfile(`RUN echo ${name} > /name`), build: { strategy: 'buildkit', push } });
  };

  it('is red when its login is refused, and says where', async () => {
    const { ended } = await built('WRONG-PASSWORD', 'refused');
    expect(ended).toMatchObject({ outcome: 'failure', reason: { code: 'registry-login' } });
    expect(ended.reason?.message).toContain(door.address);
    expect(JSON.stringify(ended)).not.toContain('WRONG-PASSWORD');
  });

  it('gets there with the right one, under the same digest', async () => {
    const { ended } = await built(testLogin.password, 'taken');
    expect(ended).toMatchObject({ outcome: 'success' });
    const there = await harness.world.client.head(parseImageReference(`${door.address}/team/taken:1`), unaborted);
    expect(there?.digest).toBe(ended.image?.digest);
  });
});
