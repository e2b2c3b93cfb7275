import path from 'node:path/posix';
import { z } from 'zod';
import { authorityOf, buildPod, places } from './build-pod';
import type { BuildRequest } from './build-request';
import { BuilderNotAllowedError } from './builder';
import type { Builder } from './builder';
import type { BuilderSettings } from './builder-settings';
import { MakisuProgress } from './makisu-progress';

/** Makisu clears its root file system before it builds, but for mounts and this directory. */
const contextDirectory = '/makisu-context';
const registryConfig = 'registry.yaml';
const ownDockerfile = 'Dockerfile';

/** Makisu, with its Redis cache. It reads images in Docker's format only, and pushes to one registry. */
export const makisu: Builder = {
  strategy: 'makisu',
  pushesAll: false,
  readsDockerOnly: true,
  readsIgnoreFile: false,
  reader: () => new MakisuProgress(),
  job: (request, settings) => {
    const own = settings.makisu;
    if (own === undefined) throw new BuilderNotAllowedError('makisu');
    return buildPod(request, settings, {
      place: own,
      sourceAt: contextDirectory,
      container: {
        image: own.image,
        args: buildArguments(request, own.redisCacheAddr),
        securityContext: { runAsUser: 0, allowPrivilegeEscalation: false },
      },
      credentials: { [registryConfig]: registriesOf(request, settings) },
      ...(request.dockerfileText === undefined ? {} : { config: { [ownDockerfile]: request.dockerfileText } }),
    });
  },
};

function buildArguments(request: BuildRequest, redisCacheAddr: string | undefined): string[] {
  const { dockerfile, dockerfileText, context, target, args, destinations, cache } = request;
  const [registry, ...name] = destinations[0].split('/');
  return [
    'build',
    `--push=${registry}`,
    '--modifyfs=true',
    `-t=${name.join('/')}`,
    `-f=${dockerfileText === undefined ? path.join(contextDirectory, dockerfile) : path.join(places.config, ownDockerfile)}`,
    ...(target === undefined ? [] : [`--target=${target}`]),
    ...Object.entries(args).map(([key, value]) => `--build-arg=${key}=${value}`),
    ...(redisCacheAddr === undefined || cache === 'none' ? [] : [`--redis-cache-addr=${redisCacheAddr}`]),
    `--registry-config=${path.join(places.credentials, registryConfig)}`,
    path.join(contextDirectory, context),
  ];
}

const dockerConfig = z.object({
  auths: z
    .record(
      z.string(),
      z.object({ auth: z.string().optional(), username: z.string().optional(), password: z.string().optional() }),
    )
    .default({}),
});

/** How each registry is reached, in Makisu's own form; YAML that is JSON. It holds passwords: it goes into the Secret. */
function registriesOf({ dockerConfig: text, destinations }: BuildRequest, { registries }: BuilderSettings): string {
  const { auths } = dockerConfig.parse(JSON.parse(text ?? '{}'));
  const logins = new Map(Object.entries(auths).map(([name, login]) => [hostOf(name), login]));
  const own = new Map(registries.map((registry, index) => [registry.host, { ...registry, index }]));
  const hosts = new Set([destinations[0].split('/')[0] ?? '', ...logins.keys(), ...own.keys()]);
  const entries = [...hosts].map((host) => {
    const registry = own.get(host);
    const login = basicOf(logins.get(host));
    const authority =
      registry?.caConfigMap === undefined ? {} : { ca: { cert: { path: authorityOf(registry.index) } } };
    const tls = { client: { disabled: registry?.plainHttp ?? false }, ...authority };
    return [host, { '.*': { security: { tls, ...(login === undefined ? {} : { basic: login }) } } }];
  });
  return JSON.stringify(Object.fromEntries(entries));
}

/** Docker names its own registry by an old URL, and some tools write others' with a scheme. */
const hostOf = (name: string): string =>
  name === 'https://index.docker.io/v1/' ? 'index.docker.io' : name.replace(/^https?:\/\//, '').replace(/\/.*$/, '');

type Login = { auth?: string | undefined; username?: string | undefined; password?: string | undefined };

function basicOf(login: Login | undefined): { username: string; password: string } | undefined {
  if (login?.username !== undefined) return { username: login.username, password: login.password ?? '' };
  if (login?.auth === undefined) return undefined;
  const [username = '', ...password] = Buffer.from(login.auth, 'base64').toString('utf8').split(':');
  return { username, password: password.join(':') };
}
