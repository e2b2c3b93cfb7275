import path from 'node:path/posix';
import { authorityOf, buildPod, places } from './build-pod';
import type { BuildRequest } from './build-request';
import { BuilderNotAllowedError } from './builder';
import type { Builder } from './builder';
import type { BuilderSettings } from './builder-settings';
import { KanikoProgress } from './kaniko-progress';

/** Kaniko, of the fork that is maintained. It builds in its own root file system: as root, but without privileges. */
export const kaniko: Builder = {
  strategy: 'kaniko',
  pushesAll: true,
  readsDockerOnly: false,
  readsIgnoreFile: true,
  reader: () => new KanikoProgress(),
  job: (request, settings) => {
    const own = settings.kaniko;
    if (own === undefined) throw new BuilderNotAllowedError('kaniko');
    const credentials =
      request.dockerConfig === undefined ? [] : [{ name: 'DOCKER_CONFIG', value: places.credentials }];
    return buildPod(request, settings, {
      place: own,
      container: {
        image: own.image,
        args: buildArguments(request, settings),
        // Without USER it looks its user up in an /etc/passwd that it has just removed.
        env: [{ name: 'USER', value: 'root' }, ...credentials],
        securityContext: { runAsUser: 0, allowPrivilegeEscalation: false },
      },
    });
  },
};

function buildArguments(request: BuildRequest, settings: BuilderSettings): string[] {
  const { dockerfile, context, target, args, labels, destinations } = request;
  const each = (flag: string, values: Readonly<Record<string, string>>) =>
    Object.entries(values).map(([key, value]) => `--${flag}=${key}=${value}`);
  return [
    `--context=dir://${path.join(places.source, context)}`,
    `--dockerfile=${path.join(places.source, dockerfile)}`,
    ...(target === undefined ? [] : [`--target=${target}`]),
    ...each('build-arg', args),
    ...each('label', labels),
    ...destinations.map((destination) => `--destination=${destination}`),
    ...cacheArguments(request),
    ...settings.registries.flatMap(({ host, plainHttp, caConfigMap }, index) => [
      ...(plainHttp ? [`--insecure-registry=${host}`] : []),
      ...(caConfigMap === undefined ? [] : [`--registry-certificate=${host}=${authorityOf(index)}`]),
    ]),
    '--log-format=json',
  ];
}

const cacheArguments = ({ cache, cacheRepository }: BuildRequest): string[] =>
  cache === 'none'
    ? ['--cache=false']
    : ['--cache=true', `--cache-repo=${cacheRepository}`, '--cache-copy-layers', '--compressed-caching=false'];
