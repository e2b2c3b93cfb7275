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
};

/** What brings a snapshot into a pod. */
export type FillerSettings = {
  /** The image with the pod helper (libs/jobs/pod), whose `source` unpacks a layer of a registry. */
  helperImage: string;
  registries: readonly PodRegistry[];
  /** Docker's config.json, for registries that want to know who asks. */
  dockerConfig?: string | undefined;
};

const credentials = 'keelson-source-credentials';
const credentialsDir = '/keelson/docker';

/** The init container that fills the source's volume, and what it needs beside it. */
export function sourceFiller(
  plan: Pick<Plan, 'snapshot' | 'pipeline'>,
  { helperImage, registries, dockerConfig }: FillerSettings,
): { container: Container; volumes: readonly { name: string }[]; objects: readonly ManifestObject[] } {
  const [repository = ''] = plan.snapshot.reference.split('@');
  const [host = ''] = repository.split('/');
  const { address, isPlain } = registries.find(({ name }) => name === host) ?? { address: host, isPlain: false };
  const login = dockerConfig === undefined ? undefined : loginOnly(dockerConfig, host, address);
  const flags = [
    ...['--from', `${address}${repository.slice(host.length)}@${plan.snapshot.layer.digest}`],
    ...['--strip', plan.pipeline.image.workdir],
    ...(isPlain ? ['--plain-http'] : []),
    ...(login === undefined ? [] : ['--docker-config', `${credentialsDir}/config.json`]),
  ];
  const container = {
    ...{ name: 'keelson-source', image: helperImage, command: ['/keelson-pod', 'source', ...flags, sourceDir] },
    securityContext: { allowPrivilegeEscalation: false },
  };
  if (login === undefined) return { container, volumes: [], objects: [] };
  const secret = {
    ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: credentials } },
    ...{ type: 'Opaque', stringData: { 'config.json': login } },
  };
  return {
    container: {
      ...container,
      volumeMounts: [{ name: credentials, mountPath: credentialsDir }],
    },
    volumes: [{ name: credentials, ...{ secret: { secretName: credentials } } }],
    objects: [secret],
  };
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
