import { randomBytes } from 'node:crypto';
import { settings, variablesOf } from '@keelson/deployment';
import type { SettingName } from '@keelson/deployment';
import { neededRights } from '@keelson/jobs';
import { describeOn } from '@keelson/testbed';
import { until } from '../support/keelson';
import { kubectl, kubectlRaw } from './support/kubectl';
import { inOwnNamespaces, render, written } from './support/manifests';
import type { Manifest, Own } from './support/manifests';

const overlays = ['base', 'overlays/dev', 'overlays/prod'];
const services = ['watcher', 'bootstrapper', 'image-builder', 'registry-poller', 'test-runner'];

describeOn(['kubeconfig'])('the manifests', () => {
  const suffix = `-${randomBytes(4).toString('hex')}`;
  const own: Own = { services: `keelson${suffix}`, work: `keelson-work${suffix}`, suffix };
  const ofKind = (manifests: readonly Manifest[], ...kinds: string[]) =>
    inOwnNamespaces(manifests, own).filter(({ kind }) => kinds.includes(kind));

  beforeAll(async () => {
    const base = await render('base');
    await kubectl(['apply', '--server-side', '-f', '-'], written(ofKind(base, 'Namespace')));
    await kubectl(
      ['apply', '--server-side', '-f', '-'],
      written(ofKind(base, 'ServiceAccount', 'Role', 'RoleBinding')),
    );
  });
  afterAll(async () => {
    await kubectl(['delete', 'namespace', own.services, own.work, '--wait=false']);
  });

  it.each(overlays)('%s has the five services, each with an account of its own', async (overlay) => {
    const manifests = await render(overlay);
    const deployments = manifests.filter(({ kind }) => kind === 'Deployment');
    expect(deployments.map(({ metadata }) => metadata.name).sort()).toEqual([...services].sort());
    const accounts = deployments.map(({ spec }) => podOf(spec).serviceAccountName);
    expect(accounts.sort()).toEqual([...services].sort());
  });

  it.each(overlays)('%s is taken by the cluster as it is, without a word of warning', async (overlay) => {
    const rest = inOwnNamespaces(await render(overlay), own).filter(({ kind }) => kind !== 'Namespace');
    // A node port is one for the whole cluster, and somebody else may have it.
    const dryRun = ['apply', '--server-side', '--dry-run=server', '--force-conflicts', '-f', '-'];
    const { status, stderr } = await kubectlRaw(dryRun, written(rest));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('would be told of a pod that is not restricted', async () => {
    const deployments = ofKind(await render('base'), 'Deployment').slice(0, 1);
    for (const { spec } of deployments) podOf(spec).containers.forEach((container) => delete container.securityContext);
    const { stderr } = await kubectlRaw(
      ['apply', '--server-side', '--dry-run=server', '-f', '-'],
      written(deployments),
    );
    expect(stderr).toContain('would violate PodSecurity');
  });

  it.each(overlays)('%s sets nothing in the ConfigMap that no service knows', async (overlay) => {
    const known = (Object.keys(settings) as SettingName[]).flatMap(variablesOf);
    const maps = (await render(overlay)).filter(({ kind }) => kind === 'ConfigMap');
    expect(maps).toHaveLength(1);
    expect(Object.keys(maps[0]?.data ?? {}).filter((key) => !known.includes(key))).toEqual([]);
  });

  it('overlays/prod has nodes pull with the login that docs/deploying.md has people make', async () => {
    const manifests = await render('overlays/prod');
    const pods = manifests.filter(({ kind }) => ['Deployment', 'Job'].includes(kind)).map(({ spec }) => podOf(spec));
    const accounts = manifests.filter(({ kind, metadata }) => kind === 'ServiceAccount' && metadata.name === 'default');
    const all = [...pods, ...accounts].map(({ imagePullSecrets }) => imagePullSecrets);
    expect(all).toEqual(Array(services.length + 2).fill([{ name: 'keelson-registries' }]));
  });

  const may = async (service: string, verb: string, what: string, namespace: string): Promise<boolean> => {
    const as = `system:serviceaccount:${own.services}:${service}`;
    // What stands behind the slash would be taken for the name of a pod.
    const [resource = '', ...inner] = what.split('/');
    const sub = inner.map((each) => `--subresource=${each}`);
    const args = ['auth', 'can-i', verb, resource, ...sub, '-n', namespace, '--as', as];
    return (await kubectlRaw(args)).stdout.trim() === 'yes';
  };

  it.each(services)('lets %s make Jobs only if it runs some, and only in the work namespace', async (service) => {
    const runsJobs = service === 'image-builder' || service === 'test-runner';
    expect(await may(service, 'create', 'jobs.batch', own.work)).toBe(runsJobs);
    expect(await may(service, 'get', 'pods/log', own.work)).toBe(runsJobs);
    expect(await may(service, 'create', 'jobs.batch', own.services)).toBe(false);
    expect(await may(service, 'create', 'jobs.batch', 'default')).toBe(false);
  });

  it.each(['image-builder', 'test-runner'])(
    'gives %s every right that it asks for when it is to be ready',
    async (service) => {
      for (const { verb, group, resource, subresource } of neededRights) {
        const what = `${resource}${group && `.${group}`}${subresource && `/${subresource}`}`;
        expect([verb, what, await may(service, verb, what, own.work)]).toEqual([verb, what, true]);
      }
    },
  );

  it.each(services)('lets %s read no secret, enter no pod, and make no pod, role or namespace', async (service) => {
    const tries = [
      ...['get secrets', 'list secrets', 'patch secrets', 'update secrets'],
      ...['create pods', 'create pods/exec', 'create pods/attach'],
      ...['create roles', 'create rolebindings', 'create serviceaccounts', 'create namespaces', 'delete namespaces'],
    ];
    const allowed: string[] = [];
    for (const each of tries) {
      const [verb = '', what = ''] = each.split(' ');
      for (const namespace of [own.services, own.work]) {
        if (await may(service, verb, what, namespace)) allowed.push(`${each} in ${namespace}`);
      }
    }
    expect(allowed).toEqual([]);
  });

  it('lets the two make namespaces where the component for it is added', async () => {
    const manifests = inOwnNamespaces(await render('components/namespace-per-change'), own);
    try {
      await kubectl(['apply', '-f', '-'], written(manifests));
      for (const service of services) {
        const isOne = service === 'image-builder' || service === 'test-runner';
        const isSo = async () => (await may(service, 'create', 'namespaces', 'default')) === isOne;
        await until(isSo, { what: () => `${service} ${isOne ? 'may' : 'may not'}` }); // roles take effect a little later
      }
    } finally {
      await kubectl(['delete', '-f', '-'], written(manifests));
    }
  });

  it.each(services)(
    'gives the sealing key, and what templates read, only to those that need it: %s',
    async (service) => {
      const pod = podOf(
        (await render('base')).find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === service)?.spec,
      );
      const mounted = pod.volumes.map(({ secret }) => secret?.secretName);
      expect(mounted.includes('keelson-sealing')).toBe(
        ['bootstrapper', 'image-builder', 'test-runner'].includes(service),
      );
      const variables = pod.containers[0]?.envFrom?.map(({ secretRef }) => secretRef?.name) ?? [];
      expect(variables.includes('keelson-templates')).toBe(service === 'bootstrapper');
    },
  );

  it.each(services)('gives a token only to those that talk to the cluster: %s', async (service) => {
    const deployment = (await render('base')).find(
      ({ kind, metadata }) => kind === 'Deployment' && metadata.name === service,
    );
    expect(podOf(deployment?.spec).automountServiceAccountToken).toBe(
      ['image-builder', 'test-runner'].includes(service),
    );
  });
});

type Pod = {
  imagePullSecrets?: { name: string }[];
  volumes: { secret?: { secretName: string } }[];
  serviceAccountName: string;
  automountServiceAccountToken: boolean;
  containers: { securityContext?: unknown; envFrom?: { secretRef?: { name: string } }[] }[];
};

const podOf = (spec: unknown): Pod => (spec as { template: { spec: Pod } }).template.spec;
