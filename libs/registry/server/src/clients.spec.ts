import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { suiteUnless, suiteWhere } from '@keelson/testbed';
import { goProgram } from './testing/go-program';
import { runProgram } from './testing/run-program';
import { imageType, indexType, sha256, temporaryDirectory, TestRegistry } from './testing/test-registry';

const crane = goProgram('crane', 'github.com/google/go-containerregistry/cmd/crane', 'program');
const mebibyte = 1024 * 1024;

function skopeoMissing(): string | undefined {
  try {
    execFileSync('skopeo', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'there is no skopeo on this machine';
  }
}

/** A tar archive with one file. */
function tarOf(name: string, content: Uint8Array): Buffer {
  const header = Buffer.alloc(512);
  const field = (offset: number, text: string): number => header.write(text, offset, 'latin1');
  field(0, name);
  field(100, '0000644\0');
  field(124, content.length.toString(8).padStart(11, '0'));
  field(136, '00000000000');
  field(148, ' '.repeat(8));
  field(156, '0');
  field(257, 'ustar\x0000');
  const sum = header.reduce((total, byte) => total + byte, 0);
  field(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512), Buffer.alloc(1024)]);
}

/** Writes an image as an OCI layout. @returns its manifest's digest */
async function writeImage(directory: string, layers: readonly Uint8Array[]): Promise<string> {
  const blobs = path.join(directory, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const keep = async (mediaType: string, bytes: Buffer) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    await writeFile(path.join(blobs, hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const json = (document: object): Buffer => Buffer.from(JSON.stringify(document));
  const rootfs = { type: 'layers', diff_ids: layers.map((layer) => sha256(layer)) };
  const manifest = await keep(
    imageType,
    json({
      schemaVersion: 2,
      mediaType: imageType,
      config: await keep(
        'application/vnd.oci.image.config.v1+json',
        json({ architecture: 'amd64', os: 'linux', config: {}, rootfs }),
      ),
      layers: await Promise.all(
        layers.map((layer) => keep('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(layer, { level: 0 }))),
      ),
    }),
  );
  await writeFile(
    path.join(directory, 'index.json'),
    json({ schemaVersion: 2, mediaType: indexType, manifests: [manifest] }),
  );
  await writeFile(path.join(directory, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
  return manifest.digest;
}

/** The digests of a layout's blobs, checked against their bytes. */
async function blobsOf(directory: string): Promise<readonly string[]> {
  const names = (await readdir(path.join(directory, 'blobs/sha256'))).sort();
  for (const name of names) {
    expect(sha256(await readFile(path.join(directory, 'blobs/sha256', name)))).toBe(`sha256:${name}`);
  }
  return names;
}

describe('other clients', () => {
  let registry: TestRegistry;
  let directory: string;
  let digest: string;
  let reference: string;
  beforeAll(async () => {
    registry = await TestRegistry.start();
    directory = await temporaryDirectory();
    // One layer is larger than a segment.
    digest = await writeImage(path.join(directory, 'image'), [
      tarOf('small', randomBytes(1000)),
      tarOf('large', randomBytes(20 * mebibyte)),
    ]);
    reference = `${registry.address.host}:${String(registry.address.port)}`;
  });
  afterAll(async () => {
    await registry.close();
    await rm(directory, { recursive: true });
  });

  const run = async (program: string, ...parameters: readonly string[]): Promise<string> => {
    const { code, output } = await runProgram(program, parameters, {
      cwd: directory,
      env: { PATH: process.env['PATH'], HOME: directory },
    });
    expect([code, code === 0 ? '' : output]).toEqual([0, '']);
    return output.trim();
  };

  suiteWhere(crane.missing)('crane', () => {
    it('pushes, copies, lists, pulls and deletes', async () => {
      const program = crane.path ?? '';
      await run(program, 'push', 'image', `${reference}/crane/app:v1`);
      expect(await run(program, 'digest', `${reference}/crane/app:v1`)).toBe(digest);
      await run(program, 'copy', `${reference}/crane/app:v1`, `${reference}/crane/copy:v2`);
      expect(await run(program, 'ls', `${reference}/crane/copy`)).toBe('v2');
      expect((await run(program, 'catalog', reference)).split('\n')).toEqual(
        expect.arrayContaining(['crane/app', 'crane/copy']),
      );
      await run(program, 'pull', '--format=oci', `${reference}/crane/copy:v2`, 'from-crane');
      expect(await blobsOf(path.join(directory, 'from-crane'))).toEqual(await blobsOf(path.join(directory, 'image')));
      await run(program, 'delete', `${reference}/crane/copy@${digest}`);
      expect(await run(program, 'ls', `${reference}/crane/copy`)).toBe('');
      await run(program, 'validate', '--remote', `${reference}/crane/app:v1`);
    });
  });

  suiteUnless(skopeoMissing())('skopeo', () => {
    it('pushes, inspects, lists, pulls and deletes', async () => {
      const image = `docker://${reference}/skopeo/app:v1`;
      const plain = '--tls-verify=false';
      await run('skopeo', '--insecure-policy', 'copy', '--dest-tls-verify=false', 'oci:image', image);
      expect(JSON.parse(await run('skopeo', 'inspect', plain, image))).toMatchObject({
        Digest: digest,
        RepoTags: ['v1'],
      });
      await run('skopeo', '--insecure-policy', 'copy', '--src-tls-verify=false', image, 'oci:from-skopeo:v1');
      expect(await blobsOf(path.join(directory, 'from-skopeo'))).toEqual(await blobsOf(path.join(directory, 'image')));
      await run('skopeo', 'delete', plain, image);
      expect((await registry.get('/v2/skopeo/app/manifests/v1')).status).toBe(404);
    });
  });
});
