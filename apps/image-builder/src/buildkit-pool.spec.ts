import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeOn, servers } from '@keelson/testbed';
import { kubectl, kubectlRaw } from '../../../e2e/cluster/support/kubectl';
import { inOwnNamespaces, render, written } from '../../../e2e/cluster/support/manifests';
import type { Manifest } from '../../../e2e/cluster/support/manifests';
import { tagsOf } from './builder-fixture.contract';
import { BuilderHarness } from './builder-harness.contract';

jest.setTimeout(600_000);

const openssl = (directory: string, ...args: string[]) =>
  execFileSync('openssl', args, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });

/** An authority, and certificates by it for the daemon and for its clients, as docs/builders.md makes them. */
function certificates(host: string): { daemon: Record<string, string>; client: Record<string, string> } {
  const directory = mkdtempSync(path.join(tmpdir(), 'keelson-pool-'));
  const read = (name: string) => readFileSync(path.join(directory, name), 'utf8');
  const made = (name: string, extension: string) => {
    writeFileSync(path.join(directory, `${name}.ext`), extension);
    openssl(
      directory,
      ...`req -newkey rsa:2048 -nodes -keyout ${name}.key -out ${name}.csr -subj /CN=${name}`.split(' '),
    );
    openssl(
      directory,
      ...`x509 -req -in ${name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out ${name}.crt -extfile ${name}.ext`.split(
        ' ',
      ),
    );
    return { 'ca.crt': read('ca.crt'), 'tls.crt': read(`${name}.crt`), 'tls.key': read(`${name}.key`) };
  };
  try {
    openssl(
      directory,
      ...'req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=pool'.split(' '),
    );
    return {
      daemon: made('daemon', `subjectAltName=DNS:${host}\nextendedKeyUsage=serverAuth\n`),
      client: made('client', 'extendedKeyUsage=clientAuth\n'),
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describeOn(['kubeconfig', 'registry'])('a pool of BuildKit daemons', () => {
  let harness: BuilderHarness;
  let pool: string;
  let addr: string;

  const secret = (name: string, namespace: string, stringData: Record<string, string>): Manifest => ({
    ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData },
  });

  /** The component as people apply it, in a namespace of this suite's, with the testbed's daemon and no disk that stays. */
  async function component(): Promise<Manifest[]> {
    const manifests = inOwnNamespaces(await render('components/buildkit-pool'), {
      ...{ services: 'keelson', work: harness.kube.namespace, suffix: '' },
    });
    const text = JSON.stringify(manifests).replaceAll('"keelson-buildkit"', JSON.stringify(pool));
    return JSON.parse(
      text.replace(/docker\.io\/moby\/buildkit:[^"]*/, harness.work.builders.buildkit!.image),
    ) as Manifest[];
  }

  function withoutDisk(manifests: readonly Manifest[]): Manifest[] {
    return manifests.map((manifest) => {
      if (manifest.kind === 'ConfigMap')
        return { ...manifest, data: { 'buildkitd.toml': `[registry."${servers.registry}"]\n  http = true\n` } };
      if (manifest.kind !== 'StatefulSet') return manifest;
      const { volumeClaimTemplates: _, ...spec } = manifest['spec'] as {
        template: { spec: { volumes: unknown[] } };
      } & {
        volumeClaimTemplates: unknown;
      };
      spec.template.spec.volumes.push({ name: 'data', emptyDir: {} });
      return { ...manifest, spec };
    });
  }

  beforeAll(async () => {
    harness = await BuilderHarness.open();
    pool = `${harness.kube.namespace}-pool`;
    const host = `buildkitd.${pool}.svc`;
    addr = `tcp://${host}:1234`;
    const { daemon, client } = certificates(host);
    const secrets = [secret('buildkitd-tls', pool, daemon), secret('buildkit-client', harness.kube.namespace, client)];
    const manifests = withoutDisk(await component());
    const isNamespace = ({ kind }: Manifest) => kind === 'Namespace';
    await kubectl(['apply', '--server-side', '-f', '-'], written(manifests.filter(isNamespace)));
    await kubectl(
      ['apply', '--server-side', '-f', '-'],
      written([...secrets, ...manifests.filter((manifest) => !isNamespace(manifest))]),
    );
    await kubectl(['rollout', 'status', 'statefulset/buildkitd', '-n', pool, '--timeout=300s']);
  });
  afterAll(async () => {
    await kubectl(['delete', 'namespace', pool, '--wait=false']);
    await harness.end();
  });

  const Dockerfile = (word: string) => `FROM ${servers.registry}/busybox:1\nRUN echo ${word} > /word\n`;

  it('is taken by the cluster as it is, without a word of warning', async () => {
    const rest = (await component()).filter(({ kind }) => kind !== 'Namespace' && kind !== 'StatefulSet');
    const sets = (await component()).filter(({ kind }) => kind === 'StatefulSet');
    for (const set of sets) set.metadata.name = 'another';
    const args = ['apply', '--server-side', '--dry-run=server', '--force-conflicts', '-f', '-'];
    const { status, stderr } = await kubectlRaw(args, written([...rest, ...sets]));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('builds for a Job without privileges that has a certificate', async () => {
    const pooled = harness.with({ addr, tlsSecret: 'buildkit-client' });
    const { ended, event } = await pooled.built({ sequence: 1, tree: { Dockerfile: Dockerfile('pooled') } });
    expect(ended).toMatchObject({ outcome: 'success' });
    expect(await harness.world.tagged(tagsOf(event).immutable)).toBe(ended.image?.digest);
  });

  it('is closed to one that has none, which is no fault of the user', async () => {
    const stranger = harness.with({ addr });
    const { ended } = await stranger.built({ sequence: 2, tree: { Dockerfile: Dockerfile('stranger') } });
    expect(ended).toMatchObject({ outcome: 'error' });
  });
});
