import { suiteUnless } from '@keelson/testbed';
import type { CredentialSource } from './credentials';
import { parseImageReference } from './image-reference';
import { RegistryClient } from './registry-client';
import { RegistryAuthError } from './registry-errors';
import { loginFor } from './testing/logins';
import { startRegistry, testLogin, whyNoRegistry } from './testing/private-registry';
import type { PrivateRegistry } from './testing/private-registry';
import { rejectionOf } from './testing/rejection';
import { pushImage } from './testing/sample-images';

const { signal } = new AbortController();

suiteUnless(whyNoRegistry())('a registry with a password', () => {
  let registry: PrivateRegistry;

  beforeAll(async () => {
    registry = await startRegistry({ login: true });
  });

  afterAll(() => registry.close());

  const image = () => parseImageReference(`${registry.address}/team/widget:1`);

  it('takes what comes with the login', async () => {
    const client = new RegistryClient({ credentials: loginFor(registry.address) });
    const pushed = await pushImage(client, image());
    expect((await client.head(image(), signal))?.digest).toBe(pushed.digest);
    await client.close();
  });

  it('is not let in by no login or a wrong one, and the message says which registry and repository', async () => {
    const anonymous = new RegistryClient();
    const error = await rejectionOf(anonymous.head(image(), signal));
    expect(error).toBeInstanceOf(RegistryAuthError);
    expect(error).toMatchObject({ registry: registry.address, repository: 'team/widget' });
    expect(String(error)).toContain(`docker login ${registry.address}`);
    await anonymous.close();
    const wrong = new RegistryClient({
      credentials: () =>
        Promise.resolve({ kind: 'password', username: testLogin.username, password: 'WRONG-PASSWORD' }),
    });
    const refused = await rejectionOf(wrong.head(image(), signal));
    expect(refused).toBeInstanceOf(RegistryAuthError);
    expect(`${String(refused)} ${JSON.stringify(refused)}`).not.toContain('WRONG-PASSWORD');
    await wrong.close();
  });

  it('is let in by a login that came later', async () => {
    let source: CredentialSource = () => Promise.resolve(undefined);
    const client = new RegistryClient({ credentials: (name, given) => source(name, given) });
    expect(await rejectionOf(client.head(image(), signal))).toBeInstanceOf(RegistryAuthError);
    source = () => Promise.resolve({ kind: 'password', username: 'x', password: 'x' });
    expect(await rejectionOf(client.head(image(), signal))).toBeInstanceOf(RegistryAuthError);
    source = loginFor(registry.address);
    expect(await rejectionOf(client.head(image(), signal))).toBeUndefined();
    await client.close();
  });
});
