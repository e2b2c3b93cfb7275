import path from 'node:path/posix';
import type { KubeObject, ManifestJob } from '@keelson/jobs';
import type { BuildRequest } from './build-request';
import type { BuilderSettings } from './builder-settings';

/** Where things are in a builder's pod. */
export const places = {
  source: '/keelson/source',
  /** Where the source is when it comes while the builder starts: beside the files that tell of it. */
  sourceBeside: '/keelson/beside/source',
  config: '/keelson/config',
  credentials: '/keelson/docker',
  secrets: '/keelson/secrets',
  authorities: '/keelson/ca',
};

type Place = Partial<Record<'cpu' | 'memory' | 'disk', string | undefined>> & {
  nodeSelector?: Readonly<Record<string, string>> | undefined;
  tolerations?: readonly Readonly<Record<string, string | number>>[] | undefined;
  timeoutSeconds: number;
};

/** What differs between the pods of two builders. */
export type PodParts = {
  place: Place;
  /** Where the source goes, if not to its usual place. */
  sourceAt?: string;
  /** The builder starts while its source comes, and waits for it itself. */
  waitsForSource?: boolean;
  /** The builder, without what every builder gets. */
  container: { image: string; command?: readonly string[]; args: readonly string[]; [field: string]: unknown };
  /** Files with settings, by name. Never a secret. */
  config?: Readonly<Record<string, string>>;
  /** Files with credentials, by name, in one Secret. */
  credentials?: Readonly<Record<string, string>>;
  podSecurity?: Readonly<Record<string, unknown>>;
  mounts?: readonly Mount[];
  /** That it prints last when it has ended well. */
  lastLine?: string | undefined;
};

export type Mount = { name: string; at: string; volume: Readonly<Record<string, unknown>>; path?: string };

/**
 * The Job of one build: the source is brought in, and the builder runs once. An init container brings it where the builder cannot wait by itself: the kubelet
 * looks about once a second whether that has ended, and only then starts the builder.
 */
export function buildPod(request: BuildRequest, settings: BuilderSettings, parts: PodParts): ManifestJob {
  const { name } = request;
  const files = filesOf(request, parts);
  const mounts = [...fileMounts(name, files), ...authorityMounts(settings), ...(parts.mounts ?? [])];
  const isBeside = parts.waitsForSource === true;
  const sourceAt = isBeside ? places.sourceBeside : (parts.sourceAt ?? places.source);
  const source = { name: 'source', at: isBeside ? path.dirname(sourceAt) : sourceAt, volume: { emptyDir: {} } };
  const brings = sourceContainer(request, settings, { sourceAt, isBeside, withCredentials: 'credentials' in files });
  const pod = {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...parts.podSecurity,
    ...(isBeside ? {} : { initContainers: [brings] }),
    containers: [
      {
        name: 'builder',
        ...parts.container,
        resources: resourcesOf(parts.place),
        volumeMounts: [source, ...mounts].map(volumeMount),
      },
      ...(isBeside ? [brings] : []),
    ],
    volumes: volumesOf([source, ...mounts]),
    nodeSelector: parts.place.nodeSelector,
    tolerations: parts.place.tolerations,
    imagePullSecrets: settings.pullSecrets.map((secret) => ({ name: secret })),
  };
  const job: KubeObject = {
    ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name } },
    spec: { backoffLimit: 0, template: { spec: pod } },
  };
  return {
    ...{ name, timeoutMs: parts.place.timeoutSeconds * 1000, objects: [...fileObjects(name, files), job] },
    ...(settings.namespace === undefined ? {} : { namespace: { name: settings.namespace, create: false, keep: true } }),
    ...(parts.lastLine === undefined ? {} : { lastLine: parts.lastLine }),
  };
}

type Files = { config?: Readonly<Record<string, string>>; credentials?: Readonly<Record<string, string>> };

function filesOf({ dockerConfig }: BuildRequest, { config, credentials }: PodParts): Files {
  const secret = { ...(dockerConfig === undefined ? {} : { 'config.json': dockerConfig }), ...credentials };
  return {
    ...(config === undefined ? {} : { config }),
    ...(Object.keys(secret).length === 0 ? {} : { credentials: secret }),
  };
}

/** Objects of the Job's own: they come and go with it. */
function fileObjects(name: string, { config, credentials }: Files): KubeObject[] {
  const object = (kind: string, suffix: string, content: Readonly<Record<string, unknown>>): KubeObject => ({
    ...{ apiVersion: 'v1', kind, metadata: { name: `${name}.${suffix}` } },
    ...content,
  });
  return [
    ...(credentials === undefined
      ? []
      : [object('Secret', 'credentials', { type: 'Opaque', stringData: credentials })]),
    ...(config === undefined ? [] : [object('ConfigMap', 'config', { data: config })]),
  ];
}

function fileMounts(name: string, { config, credentials }: Files): Mount[] {
  return [
    ...(credentials === undefined
      ? []
      : [{ name: 'credentials', at: places.credentials, volume: { secret: { secretName: `${name}.credentials` } } }]),
    ...(config === undefined
      ? []
      : [{ name: 'config', at: places.config, volume: { configMap: { name: `${name}.config` } } }]),
  ];
}

/** The certificate of a registry's own authority, where one is configured. */
export const authorityOf = (index: number): string => path.join(places.authorities, String(index), 'ca.crt');

const authorityMounts = ({ registries }: BuilderSettings): Mount[] =>
  registries.flatMap((_, index) => authorityMount(registries, index));

function authorityMount(registries: BuilderSettings['registries'], index: number): Mount[] {
  const name = registries[index]?.caConfigMap;
  if (name === undefined) return [];
  return [{ name: `ca-${index}`, at: path.dirname(authorityOf(index)), volume: { configMap: { name } } }];
}

/** Brings the snapshot's layer into the pod by its digest: the source is never cloned again. */
function sourceContainer(
  { source, dockerConfig }: BuildRequest,
  settings: BuilderSettings,
  { sourceAt, isBeside, withCredentials }: { sourceAt: string; isBeside: boolean; withCredentials: boolean },
) {
  const host = source.repository.split('/')[0];
  const at = settings.registries.findIndex((registry) => registry.host === host);
  const isPlain = settings.registries[at]?.plainHttp === true;
  const authority = authorityMount(settings.registries, at);
  const credentials = { name: 'credentials', mountPath: places.credentials, readOnly: true };
  return {
    name: 'keelson-source', // whose output is nobody's
    image: settings.helperImage,
    command: [
      ...['/keelson-pod', 'source', '-from', `${source.repository}@${source.digest}`, '-strip', source.prefix],
      ...(isPlain ? ['-plain-http'] : []),
      ...(authority.length === 0 ? [] : ['-ca', authorityOf(at)]),
      ...(dockerConfig === undefined ? [] : ['-docker-config', `${places.credentials}/config.json`]),
      ...(isBeside ? ['-marks', path.dirname(sourceAt)] : []),
      sourceAt,
    ],
    securityContext: { allowPrivilegeEscalation: false },
    volumeMounts: [
      { name: 'source', mountPath: isBeside ? path.dirname(sourceAt) : sourceAt },
      ...(withCredentials ? [credentials] : []),
      ...authority.map(volumeMount),
    ],
  };
}

const volumeMount = ({ name, at, path: subPath, volume }: Mount) => ({
  ...{ name, mountPath: at },
  ...(subPath === undefined ? {} : { subPath }),
  ...('emptyDir' in volume ? {} : { readOnly: true }),
});

function volumesOf(mounts: readonly Mount[]): unknown[] {
  const volumes = new Map(mounts.map(({ name, volume }) => [name, { name, ...volume }]));
  return [...volumes.values()];
}

/** Memory is what it gets and no more; processor time more, if there is. */
function resourcesOf({ cpu, memory, disk }: Place): unknown {
  const requests = { cpu, memory, 'ephemeral-storage': disk };
  return { requests, limits: { memory, 'ephemeral-storage': disk } };
}
