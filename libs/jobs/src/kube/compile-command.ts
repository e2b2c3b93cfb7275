import type { CommandJob, JobResources, JobService, KubeObject, ManifestJob } from '../jobs';
import { artifactsAnnotation, kubeName, ownPrefix } from './kube-names';

/** What a command's pod has beside what the command asks for. */
export type PodMeans = {
  /** That the image is known to run as a numeric user other than root. */
  isNonRoot: boolean;
  /** Image of the pod helper, and the Secret with the credential by which it uploads files; absent: files are not kept. */
  upload?: { helperImage: string; grant: string } | undefined;
};

const helperPath = '/keelson/helper';
const grantPath = '/keelson/grant';

/** The same job as Kubernetes objects. */
export function compileCommand(job: CommandJob, means: PodMeans): ManifestJob {
  const { name, timeoutMs, namespace } = job;
  const upload = job.artifacts.length === 0 ? undefined : means.upload;
  const annotations = upload === undefined ? {} : { [artifactsAnnotation]: JSON.stringify(job.artifacts) };
  const object: KubeObject = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'command', annotations },
    spec: { template: { spec: podSpec(job, { ...means, upload }) } },
  };
  const objects = upload === undefined ? [object] : [grantSecret(name, upload.grant), object];
  if (namespace === undefined) return { name, timeoutMs, objects };
  return { name, timeoutMs, objects, namespace: { name: namespace, create: false, keep: true } };
}

const grantSecret = (name: string, grant: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: kubeName(name) },
  stringData: { 'grant.json': grant },
});

function podSpec(job: CommandJob, means: PodMeans): object {
  const { services = [], resources = {}, serviceAccount } = job;
  const { nodeSelector, tolerations, pullSecrets } = resources;
  return {
    ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount }),
    automountServiceAccountToken: serviceAccount !== undefined,
    enableServiceLinks: false,
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
    ...(tolerations === undefined ? {} : { tolerations }),
    ...(pullSecrets === undefined ? {} : { imagePullSecrets: pullSecrets.map((name) => ({ name })) }),
    ...(services.length === 0
      ? {}
      : { hostAliases: [{ ip: '127.0.0.1', hostnames: services.map(({ name }) => name) }] }),
    initContainers: [...helperContainers(means), ...services.map(serviceContainer)],
    containers: [mainContainer(job, means)],
    ...(means.upload === undefined ? {} : { volumes: volumes(kubeName(job.name)) }),
  };
}

function mainContainer(job: CommandJob, means: PodMeans): object {
  const { image, command, workdir, resources = {} } = job;
  const wrapped = means.upload === undefined ? command : [`${helperPath}/keelson-pod`, 'run', '--', ...command];
  return {
    name: 'main',
    image,
    command: wrapped.map(literal),
    workingDir: workdir,
    env: variables(job),
    resources: amounts(resources),
    securityContext: means.isNonRoot ? { ...confined, runAsNonRoot: true, capabilities: { drop: ['ALL'] } } : confined,
    ...(means.upload === undefined ? {} : { volumeMounts: [mount('helper', helperPath), mount('grant', grantPath)] }),
  };
}

/** Root in an image needs most of what root has there (chown, setuid); what reaches outside it does not get. */
const confined = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['NET_RAW', 'MKNOD', 'AUDIT_WRITE', 'SYS_CHROOT', 'SETFCAP', 'SETPCAP'] },
};

const mount = (name: string, mountPath: string) => ({ name: `${ownPrefix}${name}`, mountPath, readOnly: true });

const volumes = (secretName: string): object[] => [
  { name: `${ownPrefix}helper`, emptyDir: { sizeLimit: '64Mi' } },
  // Readable by the image's user too, whoever that is: the credential is for this attempt's own files only.
  { name: `${ownPrefix}grant`, secret: { secretName, defaultMode: 0o444 } },
];

/** Copies the helper into the pod: the image need not have it. */
const helperContainers = ({ upload }: PodMeans): object[] =>
  upload === undefined
    ? []
    : [
        {
          name: `${ownPrefix}helper`,
          image: upload.helperImage,
          command: ['/keelson-pod', 'install', `${helperPath}/keelson-pod`],
          securityContext: {
            allowPrivilegeEscalation: false,
            runAsNonRoot: true,
            runAsUser: 65532,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          volumeMounts: [{ name: `${ownPrefix}helper`, mountPath: helperPath }],
        },
      ];

/** Up before the command and ended after it by Kubernetes itself: an init container that goes on. */
function serviceContainer({ name, image, command, env = {}, ready }: JobService): object {
  return {
    name,
    image,
    restartPolicy: 'Always',
    ...(command === undefined ? {} : { command: command.map(literal) }),
    env: Object.entries(env).map(([variable, value]) => ({ name: variable, value: literal(value) })),
    startupProbe: { ...probe(ready), periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 600 },
    securityContext: confined,
  };
}

function probe(ready: JobService['ready']): object {
  if ('port' in ready) return { tcpSocket: { port: ready.port } };
  if ('command' in ready) return { exec: { command: ready.command } };
  return { httpGet: ready.httpGet };
}

function variables({ env, secrets = {} }: CommandJob): object[] {
  return [
    ...Object.entries(env).map(([name, value]) => ({ name, value: literal(value) })),
    ...Object.entries(secrets).map(([name, { secret, key }]) => ({
      name,
      valueFrom: { secretKeyRef: { name: secret, key } },
    })),
  ];
}

/** Memory, disk and devices are not lent: what is asked for is the limit too. Processor time that is idle is anybody's. */
function amounts({ cpu, memory, disk, devices = {} }: JobResources): object {
  const firm = {
    ...(memory === undefined ? {} : { memory }),
    ...(disk === undefined ? {} : { 'ephemeral-storage': disk }),
    ...Object.fromEntries(Object.entries(devices).map(([device, count]) => [device, String(count)])),
  };
  return { requests: { ...firm, ...(cpu === undefined ? {} : { cpu }) }, limits: firm };
}

/** Kubernetes puts variables in the place of `$(NAME)`, and a `$` in the place of `$$`. */
const literal = (text: string): string => text.replaceAll('$', '$$$$');
