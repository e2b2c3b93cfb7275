import { suiteUnless } from '@keelson/testbed';
import { parseImageReference } from './image-reference';
import {
  ImageNotFoundError,
  PlatformNotFoundError,
  RegistryUnavailableError,
  UnsupportedImageError,
} from './registry-errors';
import { baseLayers, source, AppendSetup } from './testing/append-setup';
import { startRegistry, whyNoRegistry } from './testing/private-registry';
import { rejectionOf } from './testing/rejection';
import { pushImage } from './testing/sample-images';

suiteUnless(whyNoRegistry())('append, when something is wrong,', () => {
  let setup: AppendSetup;

  beforeAll(async () => {
    setup = await AppendSetup.start();
  });

  beforeEach(() => setup.renew());

  afterAll(() => setup.close());

  it('uploads what the registry refuses to mount', async () => {
    setup.proxy.fault = (request) => {
      // What a registry without mounting does: it begins an upload.
      request.url = request.url?.replace(/\?mount=.*$/, '') ?? '';
      return false;
    };
    const made = await setup.append('refused');
    await setup.readAll(made.reference, [...baseLayers, source]);
  });

  it('uploads what may not be mounted for want of rights', async () => {
    setup.proxy.fault = (request, response) => {
      if (request.url?.includes('mount=') !== true) return false;
      response.writeHead(403).end('{"errors":[{"code":"DENIED"}]}');
      return true;
    };
    const made = await setup.append('denied');
    await setup.readAll(made.reference, [...baseLayers, source]);
  });

  it("streams a base's layers from another registry, again when the connection breaks", async () => {
    const other = await startRegistry();
    const base = parseImageReference(`${other.address}/base:1`);
    await pushImage(setup.client, base, { layers: baseLayers });
    let broken = 0;
    setup.proxy.fault = (request, response) => {
      if (request.method !== 'PUT' || request.url?.includes('/blobs/') !== true || broken === 2) return false;
      broken += 1;
      response.destroy();
      return true;
    };
    const made = await setup.append('elsewhere', { base });
    await other.close();
    expect(broken).toBe(2);
    await setup.readAll(made.reference, [...baseLayers, source]);
  });

  it('refuses a base that is not there, is for another platform only, or is no image', async () => {
    expect(await rejectionOf(setup.append('bad', { base: setup.image('base/oci:none') }))).toBeInstanceOf(
      ImageNotFoundError,
    );
    const arm = { os: 'linux', architecture: 'arm' };
    const error = await rejectionOf(setup.append('bad', { platform: arm }));
    expect(error).toBeInstanceOf(PlatformNotFoundError);
    expect(String(error)).toContain(
      `${setup.proxy.address}/base/oci:1 is not there for linux/arm, only for linux/amd64`,
    );
    const artefact = await rejectionOf(setup.append('bad', { base: setup.image('source:snapshot') }));
    expect(artefact).toBeInstanceOf(UnsupportedImageError);
    expect(String(artefact)).toContain('application/vnd.keelson.source.v1');
  });

  it('does everything again, once, when the registry has lost what it had', async () => {
    const first = await setup.append('lost');
    let refusals = 0;
    setup.proxy.fault = (request, response) => {
      if (request.method !== 'PUT' || request.url?.includes('/manifests/') !== true || refusals === 1) return false;
      refusals += 1;
      response.writeHead(400).end('{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}');
      return true;
    };
    setup.proxy.seen.length = 0;
    expect((await setup.append('lost')).digest).toBe(first.digest);
    expect(setup.proxy.seen.filter(({ url }) => url.includes('mount='))).toHaveLength(13);
  });

  it('ends in one error, with nothing left running, when the registry goes away in the middle', async () => {
    let mounts = 0;
    setup.proxy.fault = (request, response) => {
      if (request.url?.includes('mount=') !== true) return false;
      mounts += 1;
      if (mounts < 4) return false;
      response.writeHead(500).end();
      return true;
    };
    expect(await rejectionOf(setup.append('away'))).toBeInstanceOf(RegistryUnavailableError);
    expect(setup.proxy.seen.filter(({ url }) => url.includes('mount=')).length).toBeLessThan(13);
    expect(setup.proxy.seen.some(({ url }) => url.includes('/away/manifests'))).toBe(false);
  });
});
