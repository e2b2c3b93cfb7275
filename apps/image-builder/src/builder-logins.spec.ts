import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { builderSettings } from '@keelson/builders';
import { buildKind } from './build-kind';
import { unaborted, World } from './builder-fixture.contract';
import { builderLogins } from './builder-logins';
import type { BuildWork } from './deps';

const image = `registry.example/builder@sha256:${'1'.repeat(64)}`;
const builders = builderSettings.parse({ helperImage: image, buildkit: { image } });

describe('the logins that a builder gets', () => {
  let world: World;
  let directory: string;
  beforeEach(async () => {
    world = await World.open();
    directory = mkdtempSync(path.join(tmpdir(), 'keelson-logins-'));
  });
  afterEach(async () => {
    rmSync(directory, { recursive: true });
    await world.end();
  });

  /** A helper that has a login for every server but Docker Hub, with the server as its user. */
  function helper(name: string): void {
    const file = path.join(directory, `docker-credential-${name}`);
    const unknown = `case "$asked" in *docker.io*) echo 'credentials not found in native keychain'; exit 1;; esac`;
    writeFileSync(
      file,
      `#!/bin/sh\nasked=$(cat)\n${unknown}\nprintf '{"Username":"%s","Secret":"short-lived"}' "$asked"\n`,
    );
    chmodSync(file, 0o755);
  }

  /** The servers that the Job of such a build has logins for. */
  async function serversFor(Dockerfile: string, config: object, args: Record<string, string> = {}): Promise<string[]> {
    writeFileSync(path.join(directory, 'config.json'), JSON.stringify(config));
    const dockerConfig = builderLogins(directory, { PATH: `${directory}:/usr/bin:/bin` });
    const work = { builders, dockerConfig, warn: () => undefined } as unknown as BuildWork;
    const event = await world.frozen({ build: { strategy: 'buildkit', args }, tree: { Dockerfile } });
    const { run } = event.data.customData;
    const open = { event, openedAt: '2026-01-02T03:04:05Z' };
    const kind = buildKind({ ...world.deps({ work }), work });
    const spec = await kind.jobSpec({ event, open, name: `${run}.1.build` }, unaborted);
    if (!('objects' in spec)) throw new Error('a builder is objects of a cluster');
    const secret = spec.objects.find((object) => object.kind === 'Secret') as
      { stringData?: Record<string, string> } | undefined;
    const { auths } = JSON.parse(secret?.stringData?.['config.json'] ?? '{}') as {
      auths: Record<string, { auth: string }>;
    };
    for (const [server, { auth }] of Object.entries(auths))
      expect(Buffer.from(auth, 'base64').toString()).toBe(`${server}:short-lived`);
    return Object.keys(auths).sort();
  }

  it('are asked of helpers also for the registries that its Dockerfile names', async () => {
    helper('ecr-login');
    const text =
      'ARG BASE=debian:12\nFROM base.example/go:1 AS build\nFROM ${BASE}\nCOPY --from=tools.example/jq:1 /jq /\nCOPY --from=build /x /\n';
    const of = (...names: string[]) => ({ credHelpers: Object.fromEntries(names.map((name) => [name, 'ecr-login'])) });
    expect(await serversFor(text, of('base.example', 'tools.example', 'other.example'))).toEqual([
      'base.example',
      'tools.example',
    ]);
    expect(await serversFor(text, of('late.example'), { BASE: 'late.example/x' })).toEqual(['late.example']);
    const store = await serversFor(text, { credsStore: 'ecr-login' });
    expect(store).toEqual(['base.example', world.registry, 'tools.example'].sort());
  });

  it('are not what a keychain keeps, where a base may be read by anybody', async () => {
    helper('pass');
    expect(await serversFor('FROM base.example/go:1\n', { credHelpers: { 'base.example': 'pass' } })).toEqual([]);
  });
});
