import { builderSettings } from './builder-settings';
import type { BuilderSettings } from './builder-settings';
import type { BuildRequest } from './build-request';

export const digest = `sha256:${'1'.repeat(64)}`;

export const settings: BuilderSettings = builderSettings.parse({
  helperImage: `registry.example/keelson/pod-helper@${digest}`,
  buildkit: { image: `registry.example/buildkit@${digest}`, cpu: '500m', memory: '1Gi', disk: '10Gi' },
  kaniko: { image: `registry.example/kaniko@${digest}`, memory: '1Gi', nodeSelector: { disk: 'fast' } },
  makisu: { image: `registry.example/makisu@${digest}`, redisCacheAddr: 'redis:6379', timeoutSeconds: 60 },
  registries: [
    { host: 'plain.example:5000', plainHttp: true },
    { host: 'own.example', caConfigMap: 'own-ca' },
  ],
  pullSecrets: ['builder-images'],
});

export const request: BuildRequest = {
  name: '01900000-0000-7000-8000-000000000001.1.build',
  source: { repository: 'plain.example:5000/widget-source', digest, prefix: '/src' },
  ...{ dockerfile: 'docker/Dockerfile.prod', context: 'server', target: 'final', epochSeconds: 1_767_323_045 },
  args: { LEVEL: '2', NOTE: `it's "a; $(b)", c` },
  ...{ labels: { 'org.example.team': 'x y' }, platforms: [], secrets: {} },
  destinations: ['plain.example:5000/widget:main-1-cccccccccccc', 'own.example/team/widget:1.2.3'],
  imageBefore: 'plain.example:5000/widget:main',
  ...{ cache: 'registry', cacheRepository: 'plain.example:5000/keelson-cache/widget' },
};

export const password = 'correct-horse-battery';
export const dockerConfig = JSON.stringify({
  auths: { 'plain.example:5000': { auth: Buffer.from(`robot:${password}`).toString('base64') } },
});
