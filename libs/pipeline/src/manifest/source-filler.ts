import { z } from 'zod';
import type { Plan } from '../plan';
import type { ManifestObject } from './manifest-object';
import { sourceDir } from './source-volume';
import type { Container } from './source-volume';

/** A registry of which pods must know more than its name. */
export type PodRegistry = {
  /** As references name it, `host:port`. */
  name: string;
  /** As pods reach it: a node may know it by another name. */
  address: string;
  /** Whether it is reached without TLS. */
  isPlain: boolean;
  /** Certificates in PEM to trust besides the image's own. */
  authority?: string;
};

/** What brings a snapshot into a pod. */
export type FillerSettings = {
  /** The image with the pod helper (libs/jobs/pod), whose `source` unpacks a layer of a registry. */
  helperImage: string;
  registries: readonly PodRegistry[];
  /** Docker's config.json, for registries that want to know who asks. */
  dockerConfig?: string | undefined;
};

/** Whose source it is, and the name that begins those of the objects beside the Job: many may be in one namespace. */
type Filled = { plan: Pick<Plan, 'snapshot' | 'pipeline'>; owner: string };

/** What the filler has as a file, in an object of the Job's own. */
type FilledFile = { name: string; at: string; flags: readonly string[]; object: ManifestObject; volume: object };

/** The init container that fills the source's volume, and what it needs beside it. */
export function sourceFiller(
  { plan, owner }: Filled,
  { helperImage, registries, dockerConfig }: FillerSettings,
): { container: Container; volumes: readonly { name: string }[]; objects: readonly ManifestObject[] } {
  const [repository = ''] = plan.snapshot.reference.split('@');
  const [host = ''] = repository.split('/');
  const unknown: PodRegistry = { name: host, address: host, isPlain: false };
  const { address, isPlain, authority } = registries.find(({ name }) => name === host) ?? unknown;
  const login = dockerConfig === undefined ? undefined : loginOnly(dockerConfig, host, address);
  const files = [
    ...(login === undefined ? [] : [loginFile(owner, login)]),
    ...(authority === undefined ? [] : [authorityFile(owner, authority)]),
  ];
  const flags = [
    ...['--from', `${address}${repository.slice(host.length)}@${plan.snapshot.layer.digest}`],
    ...['--strip', plan.pipeline.image.workdir],
    ...(isPlain ? ['--plain-http'] : []),
    ...files.flatMap((file) => file.flags),
  ];
  const container = {
    ...{ name: 'keelson-source', image: helperImage, command: ['/keelson-pod', 'source', ...flags, sourceDir] },
    securityContext: { allowPrivilegeEscalation: false },
    volumeMounts: files.map(({ name, at }) => ({ name, mountPath: at })),
  };
  return {
    container,
    volumes: files.map(({ name, volume }) => ({ name, ...volume })),
    objects: files.map(({ object }) => object),
  };
}

function loginFile(owner: string, login: string): FilledFile {
  const [name, at] = ['keelson-source-credentials', '/keelson/docker'];
  const flags = ['--docker-config', `${at}/config.json`];
  const content = { type: 'Opaque', stringData: { 'config.json': login } };
  const secretName = `${owner}.source-credentials`;
  const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name: secretName }, ...content };
  return { name, at, flags, object, volume: { secret: { secretName } } };
}

function authorityFile(owner: string, authority: string): FilledFile {
  const [name, at] = ['keelson-source-authority', '/keelson/ca'];
  const map = `${owner}.source-authority`;
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: map }, data: { 'ca.crt': authority } };
  return { name, at, flags: ['--ca', `${at}/ca.crt`], object, volume: { configMap: { name: map } } };
}

const configSchema = z.object({ auths: z.record(z.string(), z.unknown()).default({}) });

/** Of all logins that one, under the name that the pod asks by: the others are no business of a commit's Job. Undefined where there is none. */
function loginOnly(dockerConfig: string, host: string, address: string): string | undefined {
  const auths = authsIn(dockerConfig);
  const login = [host, `https://${host}`, `https://${host}/v1/`].map((name) => auths[name]).find(Boolean);
  return login === undefined ? undefined : JSON.stringify({ auths: { [address]: login } });
}

function authsIn(dockerConfig: string): Readonly<Record<string, unknown>> {
  try {
    return configSchema.parse(JSON.parse(dockerConfig)).auths;
  } catch {
    return {}; // no cause: a parser's message may quote the file, and who pushes the snapshot has said that it is malformed
  }
}
