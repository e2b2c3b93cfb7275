import { suiteUnless } from '@keelson/testbed';
import { copyImage } from './copy-image';
import { parseImageReference } from './image-reference';
import { ImageNotFoundError } from './registry-errors';
import { baseLayers, AppendSetup } from './testing/append-setup';
import { startRegistry, whyNoRegistry } from './testing/private-registry';

suiteUnless(whyNoRegistry())('a copy of an image', () => {
  const { signal } = new AbortController();
  let setup: AppendSetup;
  beforeAll(async () => {
    setup = await AppendSetup.start();
  });
  beforeEach(() => setup.renew());
  afterAll(() => setup.close());

  it.each(['oci', 'docker'])('in the same registry is made by mounts alone (%s)', async (family) => {
    const [from, to] = [setup.image(`base/${family}:1`), setup.image(`copies/${family}:2`)];
    const digest = await copyImage(setup.client, { from, to }, signal);
    // The manifest; twelve layers and the configuration; the manifest again.
    expect(setup.methods()).toBe(`GET ${'POST '.repeat(13)}PUT`);
    expect((await setup.client.head(to, signal))?.digest).toBe(digest);
    expect((await setup.client.head(from, signal))?.digest).toBe(digest);
    await setup.readAll(`${setup.proxy.address}/copies/${family}:2`, baseLayers);
  });

  it('in another registry has the same digest, and all that it names', async () => {
    const other = await startRegistry();
    try {
      const to = parseImageReference(`${other.address}/team/copy:1.2`);
      const digest = await copyImage(setup.client, { from: setup.image('base/oci:1'), to }, signal);
      expect((await setup.client.head(to, signal))?.digest).toBe(digest);
      await setup.readAll(`${other.address}/team/copy:1.2`, baseLayers);
    } finally {
      await other.close();
    }
  });

  it('of what is not there leaves no tag', async () => {
    const to = setup.image('copies/none:1');
    await expect(copyImage(setup.client, { from: setup.image('nowhere:1'), to }, signal)).rejects.toThrow(
      ImageNotFoundError,
    );
    expect(await setup.client.head(to, signal)).toBeUndefined();
  });
});
