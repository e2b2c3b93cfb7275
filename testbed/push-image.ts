import { createHash } from 'node:crypto';
import { servers } from './servers';

/** A file in an image's layer. */
export type ImageFile = { path: string; content: Buffer | string; mode?: number };

export type ImageToPush = {
  repository: string;
  /** An image of the same registry that the files go on top of, `repository:tag`; absent: nothing. */
  base?: string;
  files: readonly ImageFile[];
  /** Of the configuration: the user that it runs as. */
  user?: string;
};

type Content = { mediaType: string; digest: string; size: number };
type Manifest = { schemaVersion: 2; mediaType: string; config: Content; layers: Content[] };
type Config = { config?: object; rootfs: { type: 'layers'; diff_ids: string[] }; [key: string]: unknown };

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const accepted = [manifestType, 'application/vnd.docker.distribution.manifest.v2+json'].join(', ');

/** Pushes a small image to the testbed's registry, for suites whose project may not know ours. @returns `registry/repository@digest` */
export async function pushImage({ repository, base, files, user }: ImageToPush): Promise<string> {
  const below = base === undefined ? nothing() : await pull(base);
  const layer = tarOf(files);
  const config: Config = {
    ...below.config,
    rootfs: { type: 'layers', diff_ids: [...below.config.rootfs.diff_ids, digestOf(layer)] },
  };
  if (user !== undefined) config.config = { ...config.config, User: user };
  for (const one of below.layers) await put(repository, await blob(below.repository, one.digest));
  const manifest: Manifest = {
    ...{ schemaVersion: 2, mediaType: manifestType },
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...(await put(repository, json(config))) },
    layers: [
      ...below.layers,
      { mediaType: 'application/vnd.oci.image.layer.v1.tar', ...(await put(repository, layer)) },
    ],
  };
  const body = json(manifest);
  await call('PUT', `${repository}/manifests/${digestOf(body)}`, { body, type: manifestType });
  return `${servers.registry}/${repository}@${digestOf(body)}`;
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

type Below = { repository: string; layers: Content[]; config: Config };

const nothing = (): Below => ({
  ...{ repository: '', layers: [] },
  config: { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } },
});

async function pull(base: string): Promise<Below> {
  const [repository = '', tag = 'latest'] = base.split(':');
  const { config, layers }: Manifest = JSON.parse(String(await call('GET', `${repository}/manifests/${tag}`)));
  return { repository, layers, config: JSON.parse(String(await blob(repository, config.digest))) };
}

const blob = (repository: string, digest: string): Promise<Buffer> => call('GET', `${repository}/blobs/${digest}`);

async function put(repository: string, bytes: Buffer): Promise<{ digest: string; size: number }> {
  const digest = digestOf(bytes);
  const begun = await fetch(`http://${servers.registry}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  const to = new URL(begun.headers.get('location') ?? '', begun.url);
  to.searchParams.set('digest', digest);
  const done = await fetch(to, { method: 'PUT', body: new Uint8Array(bytes) });
  if (!done.ok) throw new Error(`putting a blob into ${repository}: ${done.status} ${await done.text()}`);
  return { digest, size: bytes.byteLength };
}

async function call(
  method: string,
  path: string,
  { body, type }: { body?: Buffer; type?: string } = {},
): Promise<Buffer> {
  const headers = { accept: accepted, ...(type === undefined ? {} : { 'content-type': type }) };
  const sent = body === undefined ? {} : { body: new Uint8Array(body) };
  const answer = await fetch(`http://${servers.registry}/v2/${path}`, { method, headers, ...sent });
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${String(bytes)}`);
  return bytes;
}

/** The files as a tar archive; names of up to 100 bytes. Directories above them come by themselves, writable by everyone. */
function tarOf(files: readonly ImageFile[]): Buffer {
  const directories = new Set(files.flatMap(({ path }) => parentsOf(path)));
  const entries = [
    ...[...directories].sort().map((path) => entryOf({ path: `${path}/`, content: '', mode: 0o777 }, '5')),
    ...files.map((file) => entryOf(file, '0')),
  ];
  return Buffer.concat([...entries, Buffer.alloc(1024)]);
}

function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

function entryOf({ path, content, mode = 0o644 }: ImageFile, type: '0' | '5'): Buffer {
  const bytes = Buffer.from(content);
  const head = Buffer.alloc(512);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  head.write(path, 0, 100);
  head.write(octal(mode, 8) + octal(0, 8) + octal(0, 8) + octal(bytes.byteLength, 12) + octal(0, 12), 100);
  head.write(`        ${type}`, 148);
  head.write('ustar\x0000', 257);
  head.write(
    octal(
      head.reduce((sum, byte) => sum + byte, 0),
      7,
    ),
    148,
  );
  return Buffer.concat([head, bytes, Buffer.alloc((512 - (bytes.byteLength % 512)) % 512)]);
}
