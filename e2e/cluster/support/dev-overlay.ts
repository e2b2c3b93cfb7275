import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { servers } from '@keelson/testbed';
import { stringify } from 'yaml';
import { until } from '../../support/keelson';
import { kubectl, kubectlRaw } from './kubectl';
import { inOwnNamespaces, k8s, parse, written } from './manifests';
import type { Manifest } from './manifests';

/** What stands for the images that the testbed cannot pull; the services' own is the one that the overlay names. */
const standIns = [
  { name: 'docker.io/library/rabbitmq', newName: 'rabbitmq', newTag: '3.10-management' },
  { name: 'quay.io/minio/minio', newName: 'minio', newTag: '2026-02-12' },
  { name: 'docker.io/library/registry', newName: 'registry', newTag: '2.8' },
].map((image) => ({ ...image, newName: `${servers.registry}/${image.newName}` }));

type Ports = { amqp: number; api: number; s3: number };

/** `k8s/overlays/dev` in namespaces of a test's own, and with a node port of its own. */
export class DevOverlay {
  readonly namespace = `keelson-dev-${randomBytes(4).toString('hex')}`;
  /** The registry, as nodes know it. */
  readonly registry = `localhost:${randomInt(30_501, 32_768)}`;
  readonly #work = `${this.namespace}-work`;
  readonly #directory = mkdtempSync(path.join(tmpdir(), 'keelson-dev-'));
  readonly #forwards: ChildProcess[] = [];
  #ports: Promise<Ports> | undefined;

  /** `kubectl apply -k`. */
  async apply(): Promise<void> {
    await this.#giveVolumes();
    await kubectl(['apply', '--server-side', '-f', '-'], written(await this.#rendered()));
  }

  /** `kubectl -n keelson ...`. */
  kubectl(...args: string[]): Promise<string> {
    return kubectl(['-n', this.namespace, ...args]);
  }

  /** Waits until the three servers and the five services are. */
  async ready(): Promise<void> {
    try {
      for (const server of ['rabbitmq', 'minio', 'registry'])
        await this.kubectl('rollout', 'status', `statefulset/${server}`, '--timeout=240s');
      await this.kubectl('wait', '--for=condition=Available', 'deployment', '--all', '--timeout=240s');
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${await this.said()}`);
    }
  }

  /** The command, as in a pod of the watcher. */
  inPod(...args: string[]): Promise<string> {
    return this.kubectl('exec', 'deploy/watcher', '--', 'node', 'apps/keelson/dist/main.js', ...args);
  }

  /** The address of its broker, from this machine. */
  async amqp(): Promise<string> {
    return `amqp://keelson:keelson-dev@127.0.0.1:${(await this.#forwarded()).amqp}`;
  }

  /** The environment of a command on this machine. */
  async environment(): Promise<Record<string, string>> {
    const { amqp, api, s3 } = await this.#forwarded();
    return {
      ...{ KEELSON_AMQP: `amqp://keelson@localhost:${amqp}`, KEELSON_AMQP_API: `http://localhost:${api}` },
      ...{ KEELSON_AMQP_PASSWORD: 'keelson-dev', KEELSON_S3: `http://localhost:${s3}/keelson` },
      ...{ KEELSON_S3_ACCESS_KEY: 'keelson', KEELSON_S3_SECRET_KEY: 'keelson-dev' },
    };
  }

  /** A way ends with the pod that it leads to. */
  forwardAgain(): void {
    this.#ports = undefined;
  }

  async #forwarded(): Promise<Ports> {
    this.#ports ??= Promise.all([this.forward('rabbitmq', 5672, 15672), this.forward('minio', 9000)]).then(
      ([[amqp = 0, api = 0], [s3 = 0]]) => ({ amqp, api, s3 }),
    );
    return this.#ports;
  }

  /** `kubectl port-forward`. @returns the ports of this machine, in the order of the service's */
  async forward(service: string, ...ports: readonly number[]): Promise<number[]> {
    const args = ['-n', this.namespace, 'port-forward', `service/${service}`, ...ports.map((port) => `:${port}`)];
    const env = { ...process.env, KUBECONFIG: servers.kubeconfig };
    const child = spawn('kubectl', args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#forwards.push(child);
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const taken = () => ports.map((port) => Number(new RegExp(`127\\.0\\.0\\.1:(\\d+) -> ${port}\\b`).exec(said)?.[1]));
    await until(() => taken().every((port) => port > 0), {
      ...{ timeoutMs: 180_000, what: () => `a way to ${service}: ${said}`, isOver: () => child.exitCode !== null },
    });
    return taken();
  }

  /** What went on: for a failed test. */
  async said(): Promise<string> {
    const asked = [
      ['get', 'pods', '-n', this.namespace, '-o', 'wide'],
      ['get', 'jobs,pods', '-n', this.#work, '-o', 'wide'],
      ['get', 'events', '-n', this.namespace, '--sort-by=.lastTimestamp'],
      ...['rabbitmq-0', 'minio-0', 'registry-0'].map((pod) => ['logs', '-n', this.namespace, pod, '--tail=30']),
      ['logs', '-n', this.namespace, '-l', 'app.kubernetes.io/part-of=keelson', '--prefix', '--tail=20'],
    ];
    const answers = await Promise.all(asked.map((args) => kubectlRaw(args)));
    return answers.map(({ stdout, stderr }) => stdout + stderr).join('\n');
  }

  async close(): Promise<void> {
    for (const child of this.#forwards) child.kill();
    await kubectl(['delete', 'namespace', this.namespace, this.#work, '--ignore-not-found', '--timeout=240s']);
    await kubectl(['delete', 'persistentvolume', '-l', `keelson-test=${this.namespace}`, '--ignore-not-found']);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** As somebody would change it who cannot pull these images: by an overlay on it. */
  async #rendered(): Promise<Manifest[]> {
    const overlay = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: [path.relative(this.#directory, path.join(k8s, 'overlays/dev'))],
      images: [...standIns, { name: 'localhost:30500/keelson', newName: `${this.registry}/keelson` }],
    };
    writeFileSync(path.join(this.#directory, 'kustomization.yaml'), stringify(overlay));
    const text = (await kubectl(['kustomize', this.#directory]))
      .replaceAll('localhost:30500', this.registry)
      .replaceAll('nodePort: 30500', `nodePort: ${this.registry.split(':')[1]}`)
      .replaceAll('.keelson:', `.${this.namespace}:`);
    return inOwnNamespaces(parse(text), { services: this.namespace, work: this.#work, suffix: `-${this.namespace}` });
  }

  /** Directories of this machine for the three servers, where the cluster makes no volumes by itself. */
  async #giveVolumes(): Promise<void> {
    if ((await kubectl(['get', 'storageclasses', '-o', 'name'])) !== '') return;
    const volumes = ['rabbitmq', 'minio', 'registry'].map((server) => {
      const directory = path.join(this.#directory, server);
      mkdirSync(directory);
      return volume(directory, { name: `data-${server}-0`, namespace: this.namespace });
    });
    await kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: volumes }));
  }
}

const volume = (directory: string, claimRef: { name: string; namespace: string }) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: `${claimRef.namespace}-${claimRef.name}`, labels: { 'keelson-test': claimRef.namespace } },
  spec: {
    capacity: { storage: '10Gi' },
    accessModes: ['ReadWriteOnce'],
    claimRef,
    local: { path: directory },
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'Exists' }] }],
      },
    },
  },
});
