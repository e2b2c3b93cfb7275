import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { servers } from '@keelson/testbed';
import { stringify } from 'yaml';
import { kubectl, kubectlRaw } from './kubectl';
import { inOwnNamespaces, k8s, parse, written } from './manifests';
import type { Own } from './manifests';
import type { OwnServers } from './own-servers';

const root = path.join(__dirname, '../../..');

export type DeploymentOptions = {
  own: OwnServers;
  /** `registry/repository@digest`, from `buildImage`. */
  image: string;
  settings: Record<string, string>;
  components?: readonly string[];
  /** What templates read that is secret. */
  templateSecrets?: Record<string, string>;
};

/** Keelson's own image. @returns its reference */
export const buildImage = async (tag: string): Promise<string> => (await buildImages(tag)).services;

/** Builds Keelson's own images as people do, with `npm run images`, and pushes them to the testbed's registry. */
export async function buildImages(tag: string): Promise<{ services: string; helper: string }> {
  const args = [
    path.join(root, 'tools/images/build.mjs'),
    `${servers.registry}/keelson-e2e`,
    '--plain-http',
    '--tag',
    tag,
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  const [services = '', helper = ''] = stdout.split('\n');
  return { services, helper };
}

/** Keelson as it is deployed, in namespaces of a test's own, on the testbed's servers. */
export class Deployment {
  private constructor(readonly namespaces: Own) {}

  /** Applies the manifests and waits until every service is ready. */
  static async start(options: DeploymentOptions): Promise<Deployment> {
    const { own } = options;
    const namespaces = { services: own.name, work: `${own.name}-work`, suffix: `-${own.name}` };
    const deployment = new Deployment(namespaces);
    const manifests = inOwnNamespaces(await rendered(options), namespaces);
    const isNamespace = ({ kind }: { kind: string }) => kind === 'Namespace';
    await kubectl(['apply', '--server-side', '-f', '-'], written(manifests.filter(isNamespace)));
    await deployment.#giveSecrets(options);
    await kubectl(['apply', '--server-side', '-f', '-'], written(manifests.filter((each) => !isNamespace(each))));
    await deployment.ready();
    return deployment;
  }

  async ready(timeoutSeconds = 120): Promise<void> {
    const at = ['-n', this.namespaces.services];
    const names = (await kubectl(['get', 'deployments', ...at, '-o', 'name'])).trim().split('\n');
    const waits = names.map((name) =>
      kubectlRaw(['rollout', 'status', name, ...at, `--timeout=${timeoutSeconds}s`, '--watch']),
    );
    const wrong = (await Promise.all(waits)).filter(({ status }) => status !== 0).map(({ stderr }) => stderr);
    if (wrong.length > 0) throw new Error(`not every service became ready: ${wrong.join()}\n${await this.said()}`);
  }

  /** What went on in the namespaces: for a failed test. */
  async said(): Promise<string> {
    const { services, work } = this.namespaces;
    const asked = [
      ['get', 'pods', '-n', services, '-o', 'wide'],
      ['get', 'jobs,pods', '-n', work, '-o', 'wide'],
      ['logs', '-n', services, '-l', 'app.kubernetes.io/part-of=keelson', '--prefix', '--tail=40'],
      ['get', 'events', '-n', services, '--sort-by=.lastTimestamp'],
    ];
    const answers = await Promise.all(asked.map((args) => kubectlRaw(args)));
    return answers.map(({ stdout, stderr }) => stdout + stderr).join('\n');
  }

  /** The pods of a service, by name. */
  async pods(service: string): Promise<string[]> {
    const which = ['-l', `app.kubernetes.io/name=${service}`, '-o', 'jsonpath={.items[*].metadata.name}'];
    return (await kubectl(['get', 'pods', '-n', this.namespaces.services, ...which])).split(' ').filter(Boolean);
  }

  /** Names of the Jobs that ran or run. */
  async jobs(): Promise<string[]> {
    const names = ['-o', 'jsonpath={.items[*].metadata.name}'];
    return (await kubectl(['get', 'jobs', '-n', this.namespaces.work, ...names])).split(' ').filter(Boolean);
  }

  async close(): Promise<void> {
    const { services, work, suffix } = this.namespaces;
    const clusterWide = `keelson-namespace-per-change${suffix}`;
    await kubectl(['delete', 'clusterrole,clusterrolebinding', clusterWide, '--ignore-not-found']);
    await kubectl(['delete', 'namespace', services, work, '--ignore-not-found', '--timeout=240s']);
  }

  async #giveSecrets({ own, templateSecrets = {} }: DeploymentOptions): Promise<void> {
    const { accessKey, secretKey } = servers.s3;
    const keys = { 'amqp-password': own.amqpPassword, 's3-access-key': accessKey, 's3-secret-key': secretKey };
    await this.#giveSecret('keelson', keys);
    await this.#giveSecret('keelson-sealing', {
      'sealing-key': createHash('sha256').update(own.name).digest('base64'),
    });
    await this.#giveSecret('keelson-templates', templateSecrets);
  }

  async #giveSecret(name: string, stringData: Record<string, string>): Promise<void> {
    const metadata = { name, namespace: this.namespaces.services };
    await kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata, stringData }));
  }
}

/** An overlay as people write theirs, for the testbed's servers. */
async function rendered({ image, settings, components = [] }: DeploymentOptions) {
  const directory = mkdtempSync(path.join(tmpdir(), 'keelson-overlay-'));
  const at = (name: string) => path.relative(directory, path.join(k8s, name));
  const [newName, digest] = image.split('@');
  const literals = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  const overlay = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [at('base')],
    components: ['topology', ...components].map((name) => at(`components/${name}`)),
    images: [{ name: 'keelson', newName, digest }],
    configMapGenerator: [{ name: 'keelson', namespace: 'keelson', behavior: 'merge', literals }],
  };
  try {
    writeFileSync(path.join(directory, 'kustomization.yaml'), stringify(overlay));
    return parse(await kubectl(['kustomize', directory]));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
