import path from 'node:path/posix';
import { authorityOf, buildPod, places } from './build-pod';
import type { Mount, PodParts } from './build-pod';
import type { BuildRequest } from './build-request';
import { BuilderNotAllowedError } from './builder';
import type { Builder } from './builder';
import type { BuilderSettings } from './builder-settings';
import { BuildkitProgress } from './buildkit-progress';

type Buildkit = NonNullable<BuilderSettings['buildkit']>;

const socketFile = '/keelson/state/buildkitd.sock';
/** No ConfigMap: that would be one more object to make before each build, and for its pod to wait for. */
const settingsFile = '/keelson/state/buildkitd.toml';
const socket = `unix://${socketFile}`;
const clientCertificates = '/keelson/tls';

/**
 * The first argument is what is said last when all went well, the others are buildctl's. The script's words are its own: no value of a pipeline file is ever
 * read by a shell. As the first process it must hand SIGTERM on itself.
 */
const begin = `
said=$1
shift
trap 'exit 143' TERM INT
`;

/** Starts a daemon of its own, with what comes next as its settings, and waits until it answers. */
const startDaemon = (daemon: string): string => `
printf '%s\\n' "$1" >${settingsFile}
shift
${daemon} >/keelson/state/buildkitd.log 2>&1 &
daemon=$!
n=0
until [ -S ${socketFile} ] && buildctl --addr ${socket} debug workers >/dev/null 2>&1; do
  n=$((n+1))
  if [ $n -ge 600 ] || ! kill -0 $daemon 2>/dev/null; then
    tail -n 20 /keelson/state/buildkitd.log
    echo "error: the BuildKit daemon did not start"
    exit 70
  fi
  sleep 0.05
done
`;

const marks = path.dirname(places.sourceBeside);

/** The source comes from the container beside, meanwhile. */
const awaitSource = `
n=0
until [ -e ${marks}/done ]; do
  n=$((n+1))
  if [ $n -ge 12000 ] || [ -e ${marks}/failed ]; then
    cat ${marks}/failed 2>/dev/null
    echo "error: the source could not be brought into the pod"
    exit 70
  fi
  sleep 0.05
done
`;

/** Builds once. A signal ends the first wait, not the client, whose progress is on its errors: by another pipe the last line could come first. */
const build = `
buildctl "$@" &
client=$!
trap 'kill $client 2>/dev/null' TERM INT
wait $client
code=$?
while kill -0 $client 2>/dev/null; do
  wait $client
  code=$?
done
if [ $code -eq 0 ] && [ -n "$said" ]; then echo "$said" >&2; fi
exit $code
`;

/** BuildKit: a daemon in the Job, or a pool by its address. */
export const buildkit: Builder = {
  strategy: 'buildkit',
  pushesAll: true,
  readsDockerOnly: false,
  readsIgnoreFile: true,
  reader: () => new BuildkitProgress(),
  job: (request, settings) => {
    const own = settings.buildkit;
    if (own === undefined) throw new BuilderNotAllowedError('buildkit');
    return buildPod(request, settings, {
      ...(own.addr === undefined ? daemonPod : poolPod)(request, settings, own),
      place: own,
      waitsForSource: true,
      lastLine: request.lastLine,
    });
  },
};

type Parts = Omit<PodParts, 'place' | 'waitsForSource' | 'lastLine'>;

function daemonPod(request: BuildRequest, settings: BuilderSettings, { image, rootless }: Buildkit): Parts {
  const daemon = [
    ...(rootless ? ['rootlesskit'] : []),
    ...['buildkitd', '--addr', socket, '--root', '/keelson/state/root', '--config', settingsFile],
    ...['--oci-worker=true', '--containerd-worker=false'],
    ...(rootless ? ['--oci-worker-no-process-sandbox'] : []),
  ];
  return {
    container: {
      image,
      command: ['/bin/sh', '-c', `${begin}${startDaemon(daemon.join(' '))}${awaitSource}${build}`, 'keelson'],
      args: [request.lastLine ?? '', daemonConfig(settings), '--addr', socket, ...buildArguments(request, settings)],
      env: environment(request),
      securityContext: rootless
        ? { runAsUser: 1000, runAsGroup: 1000, seccompProfile: { type: 'Unconfined' } }
        : { privileged: true },
    },
    mounts: [{ name: 'state', at: '/keelson/state', volume: { emptyDir: {} } }, ...secretMounts(request)],
    ...(rootless ? { podSecurity: { securityContext: { fsGroup: 1000 } } } : {}),
  };
}

/** Only the client: the daemons are elsewhere, and know the registries by their own configuration. */
function poolPod(request: BuildRequest, settings: BuilderSettings, { image, addr, tlsSecret }: Buildkit): Parts {
  const certificates = ['--tlscacert', 'ca.crt', '--tlscert', 'tls.crt', '--tlskey', 'tls.key'];
  const tls =
    tlsSecret === undefined
      ? []
      : certificates.map((word) => (word.startsWith('--') ? word : path.join(clientCertificates, word)));
  return {
    container: {
      image,
      command: ['/bin/sh', '-c', `${begin}${awaitSource}${build}`, 'keelson'],
      args: [request.lastLine ?? '', '--addr', addr ?? '', ...tls, ...buildArguments(request, settings)],
      env: environment(request),
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
    mounts: [
      ...secretMounts(request),
      ...(tlsSecret === undefined
        ? []
        : [{ name: 'tls', at: clientCertificates, volume: { secret: { secretName: tlsSecret } } }]),
    ],
  };
}

const environment = ({ dockerConfig }: BuildRequest) =>
  dockerConfig === undefined ? [] : [{ name: 'DOCKER_CONFIG', value: places.credentials }];

function buildArguments(request: BuildRequest, settings: BuilderSettings): string[] {
  const { dockerfile, context, target, args, labels, platforms, secrets } = request;
  const options = [
    `filename=${path.basename(dockerfile)}`,
    ...(target === undefined ? [] : [`target=${target}`]),
    ...Object.entries(args).map(([key, value]) => `build-arg:${key}=${value}`),
    ...Object.entries(labels).map(([key, value]) => `label:${key}=${value}`),
    ...(platforms.length === 0 ? [] : [`platform=${platforms.join(',')}`]),
  ];
  return [
    ...['build', '--progress', 'rawjson', '--frontend', 'dockerfile.v0'],
    ...['--local', `context=${path.join(places.sourceBeside, context)}`],
    ...['--local', `dockerfile=${path.join(places.sourceBeside, path.dirname(dockerfile))}`],
    ...options.flatMap((option) => ['--opt', option]),
    ...Object.entries(secrets).flatMap(([id, { ssh }]) =>
      ssh === true ? ['--ssh', `${id}=${secretFile(id)}`] : ['--secret', `id=${id},src=${secretFile(id)}`],
    ),
    ...cacheArguments(request, settings),
    ...['--output', outputOf(request, settings)],
  ];
}

/** A cache that cannot be written costs the next build time, and fails none. */
function cacheArguments({ cache, cacheRepository, imageBefore }: BuildRequest, settings: BuilderSettings): string[] {
  const plain = (reference: string) => (isPlainHttp(settings, reference) ? ',registry.insecure=true' : '');
  const from = (reference: string) => ['--import-cache', `type=registry,ref=${reference}${plain(reference)}`];
  switch (cache) {
    case 'none':
      return ['--no-cache'];
    case 'inline':
      return [...from(imageBefore), '--export-cache', 'type=inline'];
    case 'registry':
      return [
        ...from(cacheRepository),
        '--export-cache',
        `type=registry,ref=${cacheRepository},mode=max,compression=zstd,ignore-error=true${plain(cacheRepository)}`,
      ];
  }
}

/**
 * `registry.insecure` is for all names at once: no registry's certificate is verified then. A daemon in the Job knows by its settings which ones are plain HTTP.
 * A pool may not; where there is another registry among the names it must.
 *
 * The commit's time is the image's, never an argument: that is an input of WORKDIR, which each commit would run again with
 * all steps after it. https://github.com/moby/buildkit/pull/5960
 */
function outputOf({ destinations, epochSeconds }: BuildRequest, settings: BuilderSettings): string {
  const isPool = settings.buildkit?.addr !== undefined;
  const insecure = isPool && destinations.every((name) => isPlainHttp(settings, name)) ? ',registry.insecure=true' : '';
  const epoch = epochSeconds === undefined ? '' : `,source-date-epoch=${epochSeconds}`;
  return `type=image,"name=${destinations.join(',')}",push=true${insecure}${epoch}`;
}

export const isPlainHttp = ({ registries }: BuilderSettings, reference: string): boolean =>
  registries.some(({ host, plainHttp }) => plainHttp && reference.startsWith(`${host}/`));

const secretFile = (id: string): string => path.join(places.secrets, id, 'value');

function secretMounts({ secrets }: BuildRequest): Mount[] {
  return Object.entries(secrets).map(([id, { secret, key }], index) => ({
    name: `secret-${index}`,
    at: path.dirname(secretFile(id)),
    volume: { secret: { secretName: secret, items: [{ key, path: 'value' }], defaultMode: 0o400 } },
  }));
}

/** Strings as JSON writes them are strings of TOML. */
function daemonConfig({ registries }: BuilderSettings): string {
  return registries
    .map(({ host, plainHttp, caConfigMap }, index) =>
      [
        `[registry.${JSON.stringify(host)}]`,
        ...(plainHttp ? ['http = true'] : []),
        ...(caConfigMap === undefined ? [] : [`ca = [${JSON.stringify(authorityOf(index))}]`]),
      ].join('\n'),
    )
    .join('\n');
}
