import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { builderSettings } from '@keelson/builders';
import { buildKind } from './build-kind';
import { unaborted, World } from './builder-fixture.contract';
import { builderLogins } from './builder-logins';
import type { BuildWork } from './deps';

const image = `registry.example/builder@sha256:${'1'.repeat(64)}`;
const settings = { helperImage: image, buildkit: { image }, kaniko: { image } };

type Asked = { args?: Record<string, string>; strategy?: 'buildkit' | 'kaniko'; mirrors?: readonly string[] };

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
  async function serversFor(
    Dockerfile: string,
    config: object,
    { args = {}, strategy = 'buildkit', mirrors = [] }: Asked = {},
  ): Promise<string[]> {
    writeFileSync(path.join(directory, 'config.json'), JSON.stringify(config));
    const dockerConfig = builderLogins(directory, { PATH: `${directory}:/usr/bin:/bin` });
    const builders = builderSettings.parse({ ...settings, registries: mirrors.map((host) => ({ host })) });
    const work = { builders, dockerConfig, warn: () => undefined } as unknown as BuildWork;
    const event = await world.frozen({ build: { strategy, args }, tree: { Dockerfile } });
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
    expect(await serversFor(text, of('late.example'), { args: { BASE: 'late.example/x' } })).toEqual(['late.example']);
    const store = await serversFor(text, { credsStore: 'ecr-login' });
    expect(store).toEqual(['base.example', world.registry, 'tools.example'].sort());
  });

  it('are of the file those of the registries that the build has to do with', async () => {
    const text =
      '# syntax=syntax.example/dockerfile:1\nFROM node:20 AS build\n' +
      'RUN --mount=type=cache,target=/c --mount=type=bind,from=mounted.example/x:1,target=/m true\n' +
      'FROM base.example/go:1\nRUN --mount=from=build,target=/b true\nCOPY --from=tools.example/jq:1 /jq /\n';
    const hub = 'https://index.docker.io/v1/';
    const needed = [hub, 'base.example', 'mounted.example', 'syntax.example', 'tools.example', world.registry].sort();
    const login = (server: string) => ({ auth: Buffer.from(`${server}:short-lived`).toString('base64') });
    const auths = Object.fromEntries([...needed, 'other.example'].map((server) => [server, login(server)]));
    expect(await serversFor(text, { auths })).toEqual(needed);
    // The installation names what BuildKit's daemon reads from instead.
    const mirrors = ['other.example'];
    expect(await serversFor(text, { auths }, { mirrors })).toEqual([...needed, ...mirrors].sort());
    expect(await serversFor(text, { auths }, { mirrors, strategy: 'kaniko' })).toEqual(needed);
    // A stage is no image of Docker Hub.
    expect(await serversFor(text.replace('node:20', 'scratch'), { auths })).not.toContain(hub);
  });

  it('are not what a keychain keeps, where a base may be read by anybody', async () => {
    helper('pass');
    expect(await serversFor('FROM base.example/go:1\n', { credHelpers: { 'base.example': 'pass' } })).toEqual([]);
  });
});
