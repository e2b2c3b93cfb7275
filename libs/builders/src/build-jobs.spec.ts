import type { KubeObject, ManifestJob } from '@keelson/jobs';
import { BuilderNotAllowedError } from './builder';
import { builders } from './builders';
import { builderSettings } from './builder-settings';
import type { StrategyName } from './builder-settings';
import { digest, dockerConfig, password, request, settings } from './sample-request.contract';

const strategies = Object.keys(builders) as StrategyName[];
type Container = {
  name: string;
  image: string;
  command?: string[];
  args: string[];
  env?: { name: string; value: string }[];
  volumeMounts?: Record<string, unknown>[];
};
type Pod = { initContainers?: Container[]; containers: Container[]; volumes: Record<string, unknown>[] };

const objectOf = (job: ManifestJob, kind: string) => job.objects.find((object) => object.kind === kind);
const podOf = (job: ManifestJob): Pod =>
  (objectOf(job, 'Job') as KubeObject & { spec: { template: { spec: Pod } } }).spec.template.spec;
const sourceOf = (job: ManifestJob): Container | undefined =>
  [...(podOf(job).initContainers ?? []), ...podOf(job).containers].find(({ name }) => name === 'keelson-source');
const argsOf = (job: ManifestJob): string[] => podOf(job).containers[0]!.args;
const following = (args: readonly string[], flag: string) => args.filter((_, at) => args[at - 1] === flag);

describe.each(strategies)('a job of %s', (strategy) => {
  const job = builders[strategy].job({ ...request, dockerConfig }, settings);

  it('is one Job of the name asked for, run once, with its source brought in by digest', () => {
    expect(job.objects.filter(({ kind }) => kind === 'Job')).toHaveLength(1);
    expect(objectOf(job, 'Job')).toMatchObject({ metadata: { name: request.name }, spec: { backoffLimit: 0 } });
    const { initContainers = [], containers } = podOf(job);
    // BuildKit waits for it by itself, and starts meanwhile.
    expect(initContainers).toHaveLength(strategy === 'buildkit' ? 0 : 1);
    const source = sourceOf(job);
    expect(source?.image).toBe(settings.helperImage);
    expect(source?.command).toEqual([
      ...[
        '/keelson-pod',
        'source',
        '-from',
        `plain.example:5000/widget-source@${digest}`,
        '-strip',
        '/src',
        '-plain-http',
      ],
      ...['-docker-config', '/keelson/docker/config.json'],
      ...{
        buildkit: ['-marks', '/keelson/beside', '/keelson/beside/source'],
        kaniko: ['/keelson/source'],
        makisu: ['/makisu-context'],
      }[strategy],
    ]);
    expect(containers[0]?.name).toBe('builder');
    expect(podOf(job)).toMatchObject({ restartPolicy: 'Never', automountServiceAccountToken: false });
  });

  it('trusts, for its source, the authority of the registry that has it', () => {
    const source = { ...request.source, repository: 'own.example/widget-source' };
    const filler = sourceOf(builders[strategy].job({ ...request, source }, settings));
    expect(following(filler!.command!, '-ca')).toEqual(['/keelson/ca/1/ca.crt']);
    expect(filler!.volumeMounts).toContainEqual({ name: 'ca-1', mountPath: '/keelson/ca/1', readOnly: true });
    expect(sourceOf(job)!.command).not.toContain('-ca');
  });

  it('has credentials in a Secret of its own, mounted as files, and nowhere else', () => {
    const secret = objectOf(job, 'Secret')!;
    expect(secret.metadata.name).toBe(`${request.name}.credentials`);
    const encoded = Buffer.from(`robot:${password}`).toString('base64');
    for (const object of job.objects.filter((candidate) => candidate !== secret)) {
      expect(JSON.stringify(object)).not.toContain(password);
      expect(JSON.stringify(object)).not.toContain(encoded);
    }
    expect(podOf(job).volumes).toContainEqual({ name: 'credentials', secret: { secretName: secret.metadata.name } });
  });

  it('needs no Secret where there are no credentials, but for what Makisu must be told', () => {
    const open = builders[strategy].job(request, settings);
    expect(objectOf(open, 'Secret') === undefined).toBe(strategy !== 'makisu');
    expect(JSON.stringify(open)).not.toContain('DOCKER_CONFIG');
  });

  it('is refused where the installation does not have it', () => {
    const none = builderSettings.parse({ helperImage: 'x' });
    expect(() => builders[strategy].job(request, none)).toThrow(BuilderNotAllowedError);
  });

  it('keeps the values of a pipeline file out of any shell', () => {
    const { command = [], args } = podOf(job).containers[0]!;
    expect(command.join(' ')).not.toContain('$(b)');
    expect(args.some((arg) => arg.endsWith(`NOTE=it's "a; $(b)", c`))).toBe(true);
  });
});

describe('BuildKit', () => {
  const args = argsOf(builders.buildkit.job(request, settings));

  it('is told where the Dockerfile and its context are, and what to make of them', () => {
    expect(following(args, '--local')).toEqual([
      ...['context=/keelson/beside/source/server', 'dockerfile=/keelson/beside/source/docker'],
    ]);
    expect(following(args, '--opt')).toEqual([
      ...['filename=Dockerfile.prod', 'target=final', 'build-arg:LEVEL=2'],
      ...[`build-arg:NOTE=it's "a; $(b)", c`, 'label:org.example.team=x y'],
    ]);
  });

  it('pushes every destination and keeps every layer of every stage for all nodes', () => {
    expect(following(args, '--output')).toEqual([
      `type=image,"name=${request.destinations.join(',')}",push=true,source-date-epoch=1767323045`,
    ]);
    const [cache] = following(args, '--export-cache');
    expect(cache).toContain('ref=plain.example:5000/keelson-cache/widget,mode=max,compression=zstd,ignore-error=true');
  });

  it('reaches no registry without its certificate because another one is plain HTTP', () => {
    const outputOf = (addr: string | undefined, ...destinations: [string, ...string[]]) => {
      const own = builderSettings.parse({ ...settings, buildkit: { ...settings.buildkit, addr } });
      return following(argsOf(builders.buildkit.job({ ...request, destinations }, own)), '--output').join();
    };
    const [plain, also, open] = ['plain.example:5000/widget:1', 'plain.example:5000/widget:2', 'quay.io/team/widget:1'];
    // Its own daemon knows by its configuration which registries are plain.
    expect(args[1]).toContain('[registry."plain.example:5000"]\nhttp = true');
    expect(outputOf(undefined, plain, open)).not.toContain('insecure');
    expect(outputOf(undefined, plain)).not.toContain('insecure');
    // A pool has its own, which may not say.
    expect(outputOf('tcp://pool:1234', plain, open)).not.toContain('insecure');
    expect(outputOf('tcp://pool:1234', open)).not.toContain('insecure');
    expect(outputOf('tcp://pool:1234', plain, also)).toContain(',registry.insecure=true');
  });

  it('is told the time of the commit where it makes the image only: no step is run again for it', () => {
    const later = argsOf(builders.buildkit.job({ ...request, epochSeconds: 1_767_323_046 }, settings));
    const changed = args.filter((arg, at) => arg !== later[at]);
    expect(changed).toEqual(following(args, '--output'));
  });

  it.each([
    ['inline', ['type=inline'], ['type=registry,ref=plain.example:5000/widget:main,registry.insecure=true']],
    ['none', [], []],
  ] as const)('with cache: %s exports %j', (cache, exported, imported) => {
    const other = argsOf(builders.buildkit.job({ ...request, cache }, settings));
    expect(following(other, '--export-cache')).toEqual(exported);
    expect(following(other, '--import-cache')).toEqual(imported);
    expect(other.includes('--no-cache')).toBe(cache === 'none');
  });

  it('knows plain and own registries by its configuration alone, which needs no object of its own', () => {
    expect(objectOf(builders.buildkit.job(request, settings), 'ConfigMap')).toBeUndefined();
    expect(args[1]).toBe(
      '[registry."plain.example:5000"]\nhttp = true\n[registry."own.example"]\nca = ["/keelson/ca/1/ca.crt"]',
    );
  });

  it('gives secrets and ssh keys as files', () => {
    const secrets = { npm: { secret: 'npm-token', key: 'token' }, default: { secret: 'deploy', key: 'id', ssh: true } };
    const job = builders.buildkit.job({ ...request, secrets }, settings);
    expect(following(argsOf(job), '--secret')).toEqual(['id=npm,src=/keelson/secrets/npm/value']);
    expect(following(argsOf(job), '--ssh')).toEqual(['default=/keelson/secrets/default/value']);
    expect(JSON.stringify(podOf(job).volumes)).toContain('{"secretName":"npm-token","items":[{"key":"token"');
  });

  it('says that it ended well by the line it is asked to say, and by none otherwise', () => {
    const lastLine = 'keelson: built 0190';
    const said = builders.buildkit.job({ ...request, lastLine }, settings);
    expect([said.lastLine, argsOf(said)[0]]).toEqual([lastLine, lastLine]);
    const silent = builders.buildkit.job(request, settings);
    expect([silent.lastLine, argsOf(silent)[0]]).toEqual([undefined, '']);
  });

  it('is privileged only where it must be', () => {
    const securityOf = (more: object) => {
      const own = builderSettings.parse({ ...settings, buildkit: { ...settings.buildkit, ...more } });
      const [container] = podOf(builders.buildkit.job(request, own)).containers;
      return container as Container & { securityContext: object };
    };
    expect(securityOf({}).securityContext).toEqual({ privileged: true });
    const rootless = securityOf({ rootless: true });
    expect(rootless.securityContext).toMatchObject({ runAsUser: 1000 });
    expect(rootless.command?.join(' ')).toContain('rootlesskit buildkitd');
    const pool = securityOf({ addr: 'tcp://pool:1234', tlsSecret: 'pool-tls' });
    expect(pool.securityContext).toMatchObject({ allowPrivilegeEscalation: false });
    expect(pool.command?.join(' ')).not.toContain('buildkitd');
    expect(pool.args.slice(0, 9)).toEqual([
      ...['', '--addr', 'tcp://pool:1234', '--tlscacert', '/keelson/tls/ca.crt', '--tlscert', '/keelson/tls/tls.crt'],
      ...['--tlskey', '/keelson/tls/tls.key'],
    ]);
  });
});

describe('Kaniko', () => {
  it('runs as root by name, with a cache in the registry', () => {
    const job = builders.kaniko.job(request, settings);
    expect(podOf(job).containers[0]?.env).toContainEqual({ name: 'USER', value: 'root' });
    expect(argsOf(job)).toEqual(
      expect.arrayContaining([
        ...['--context=dir:///keelson/source/server', '--dockerfile=/keelson/source/docker/Dockerfile.prod'],
        ...request.destinations.map((name) => `--destination=${name}`),
        ...['--cache=true', '--cache-repo=plain.example:5000/keelson-cache/widget', '--cache-copy-layers'],
        ...['--insecure-registry=plain.example:5000', '--registry-certificate=own.example=/keelson/ca/1/ca.crt'],
      ]),
    );
  });
});

describe('Makisu', () => {
  const registryFile = (job: ManifestJob): unknown => {
    const secret = objectOf(job, 'Secret') as KubeObject & { stringData: Record<string, string> };
    return JSON.parse(secret.stringData['registry.yaml']!);
  };

  it('gets the context as a directory, its cache keys in Redis, and one registry to push to', () => {
    expect(argsOf(builders.makisu.job(request, settings))).toEqual([
      ...['build', '--push=plain.example:5000', '--modifyfs=true', '-t=widget:main-1-cccccccccccc'],
      ...['-f=/makisu-context/docker/Dockerfile.prod', '--target=final', '--build-arg=LEVEL=2'],
      ...[`--build-arg=NOTE=it's "a; $(b)", c`, '--redis-cache-addr=redis:6379'],
      ...['--registry-config=/keelson/docker/registry.yaml', '/makisu-context/server'],
    ]);
  });

  it('is told how to reach each registry, and with which login', () => {
    expect(registryFile(builders.makisu.job({ ...request, dockerConfig }, settings))).toEqual({
      'plain.example:5000': {
        '.*': { security: { tls: { client: { disabled: true } }, basic: { username: 'robot', password } } },
      },
      'own.example': {
        '.*': { security: { tls: { client: { disabled: false }, ca: { cert: { path: '/keelson/ca/1/ca.crt' } } } } },
      },
    });
  });
});
