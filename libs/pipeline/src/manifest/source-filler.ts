import type { Plan } from '../plan';
import type { ManifestObject } from './manifest-object';
import { sourceDir } from './source-volume';
import type { Container } from './source-volume';

/** What brings a snapshot into a pod. */
export type FillerSettings = {
  /** The image with the pod helper (libs/jobs/pod), whose `source` unpacks a layer of a registry. */
  helperImage: string;
  /** Registries that are reached without TLS, `host:port`. */
  plainHttp: readonly string[];
  /** Docker's config.json, for registries that want to know who asks. */
  dockerConfig?: string | undefined;
};

const credentials = 'keelson-source-credentials';
const credentialsDir = '/keelson/docker';

/** The init container that fills the source's volume, and what it needs beside it. */
export function sourceFiller(
  plan: Pick<Plan, 'snapshot' | 'pipeline'>,
  { helperImage, plainHttp, dockerConfig }: FillerSettings,
): { container: Container; volumes: readonly { name: string }[]; objects: readonly ManifestObject[] } {
  const [repository = ''] = plan.snapshot.reference.split('@');
  const isPlain = plainHttp.includes(repository.split('/')[0] ?? '');
  const layer = `${repository}@${plan.snapshot.layer.digest}`;
  const login = dockerConfig === undefined ? [] : ['--docker-config', `${credentialsDir}/config.json`];
  const flags = [
    '--from',
    layer,
    '--strip',
    plan.pipeline.image.workdir,
    ...(isPlain ? ['--plain-http'] : []),
    ...login,
  ];
  const container = {
    ...{ name: 'keelson-source', image: helperImage, command: ['/keelson-pod', 'source', ...flags, sourceDir] },
    securityContext: { allowPrivilegeEscalation: false },
  };
  if (dockerConfig === undefined) return { container, volumes: [], objects: [] };
  const secret = {
    ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: credentials } },
    ...{ type: 'Opaque', stringData: { 'config.json': dockerConfig } },
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
