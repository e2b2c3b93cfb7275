import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

const root = path.join(__dirname, '..');
const text = readFileSync(path.join(root, 'docker-compose.yml'), 'utf8');
const { services, volumes, ...others } = parse(text) as Compose;

type Service = {
  image: string;
  environment?: Record<string, string>;
  ports: string[];
  volumes: string[];
  healthcheck: { test: string[]; interval: string; timeout: string; retries: number };
};
type Compose = { services: Record<string, Service>; volumes: Record<string, null> };
type Pod = { kind: string; spec: { template: { spec: { containers: { image: string }[] } } } };

/** The image of a server of `k8s/overlays/dev`. */
function imageOnCluster(name: string): string | undefined {
  const manifests = readFileSync(path.join(root, 'k8s/components/servers', `${name}.yaml`), 'utf8');
  const all = parseAllDocuments(manifests).map((document) => document.toJS() as Pod);
  return all.find(({ kind }) => kind === 'StatefulSet')?.spec.template.spec.containers[0]?.image;
}

/** As its registry knows it. */
const inFull = (image: string): string => {
  if (/^[^/]+\.[^/]+\//.test(image)) return image;
  return `docker.io/${image.includes('/') ? '' : 'library/'}${image}`;
};

describe('docker-compose.yml', () => {
  it('has the three servers and nothing else', () => {
    expect(Object.keys(services).sort()).toEqual(['minio', 'rabbitmq', 'registry']);
    expect(others).toEqual({});
  });

  it.each(Object.entries(services))('pins %s to one version, the same as on a cluster', (name, { image }) => {
    expect(image).toMatch(/:(\d+\.\d+\.\d+(-management)?|RELEASE\.\S+)$/);
    expect(inFull(image)).toBe(imageOnCluster(name));
  });

  it.each(Object.entries(services))('asks whether %s works, and `up --wait` waits for it', (_name, { healthcheck }) => {
    const { test, interval, timeout, retries } = healthcheck;
    expect(test[0]).toBe('CMD');
    expect([interval, timeout]).toEqual([expect.stringMatching(/^\d+s$/), expect.stringMatching(/^\d+s$/)]);
    expect(retries * Number.parseInt(interval, 10)).toBeGreaterThanOrEqual(60);
  });

  it.each(Object.entries(services))('opens the ports of %s to this machine alone', (_name, { ports }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
  });

  it.each(Object.entries(services))('keeps the data of %s in a volume of its own', (name, service) => {
    expect(service.volumes.map((volume) => volume.split(':')[0])).toEqual([name]);
    expect(volumes).toHaveProperty(name, null);
  });

  it('has the ports and the passwords that docs/testbed.md has people export', () => {
    const page = readFileSync(path.join(root, 'docs/testbed.md'), 'utf8');
    const exported = (name: string): string => new RegExp(`\\b${name}=(\\S+)`).exec(page)?.[1] ?? '';
    const { RABBITMQ_DEFAULT_USER: user, RABBITMQ_DEFAULT_PASS: password } = services.rabbitmq?.environment ?? {};
    expect(exported('TESTBED_AMQP_URL')).toBe(`amqp://${user}:${password}@127.0.0.1:5672`);
    expect(exported('TESTBED_RABBITMQ_API')).toBe(`http://${user}:${password}@127.0.0.1:15672`);
    const { MINIO_ROOT_USER, MINIO_ROOT_PASSWORD } = services.minio?.environment ?? {};
    expect(exported('TESTBED_S3_ACCESS_KEY')).toBe(MINIO_ROOT_USER);
    expect(exported('TESTBED_S3_SECRET_KEY')).toBe(MINIO_ROOT_PASSWORD);
    const opened = Object.values(services).flatMap(({ ports }) => ports.map((port) => port.split(':')[1]));
    for (const name of ['TESTBED_AMQP_URL', 'TESTBED_RABBITMQ_API', 'TESTBED_S3_ENDPOINT', 'TESTBED_REGISTRY'])
      expect(opened).toContain(exported(name).split(':').at(-1));
  });
});
