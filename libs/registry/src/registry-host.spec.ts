import { RegistryClient } from './registry-client';
import { RegistryProtocolError } from './registry-errors';
import { startHttpFaultProxy, suiteUnless } from '@keelson/testbed';
import type { HttpFaultProxy } from '@keelson/testbed';
import { loginFor } from './testing/logins';
import { rejectionOf } from './testing/rejection';
import { contentDigest as digest, respond } from './testing/replies';
import { startTlsServer, whyNoTls } from './testing/tls-server';
import type { TlsServer } from './testing/tls-server';

const { signal } = new AbortController();

suiteUnless(whyNoTls())('a registry over TLS', () => {
  let server: TlsServer;
  let plain: HttpFaultProxy;
  let client: RegistryClient;

  beforeAll(async () => {
    server = await startTlsServer(respond);
    plain = await startHttpFaultProxy();
    plain.fault = respond;
  });

  beforeEach(() => {
    server.fault = respond;
    plain.seen.length = 0;
    const entry = { name: server.address, plainHttp: false, caFile: server.caFile };
    client = new RegistryClient({ registries: [entry], credentials: loginFor(server.address) });
  });

  afterEach(() => client.close());

  afterAll(async () => {
    await plain.close();
    await server.close();
  });

  const has = (of: RegistryClient) => of.hasBlob({ registry: server.address, repository: 'a' }, digest, signal);

  it('is trusted with its certificate file only', async () => {
    expect(await has(client)).toBe(true);
    const stranger = new RegistryClient({ registries: [{ name: server.address, plainHttp: false }] });
    const error = await rejectionOf(has(stranger));
    expect(error).toBeInstanceOf(RegistryProtocolError);
    expect(String(error)).toContain('caFile');
    await stranger.close();
  });

  it('is never left for plain HTTP by a redirect', async () => {
    server.fault = (_, response) => {
      response.writeHead(307, { location: `http://${plain.address}/x` }).end();
      return true;
    };
    expect(String(await rejectionOf(has(client)))).toContain('leads from https to http:');
    expect(plain.seen).toEqual([]);
  });

  it.each(['http://HOST/token', 'https://user:pw@HOST/token', 'ftp://HOST/', 'token'])(
    'sends no login to the token server %s',
    async (realm) => {
      server.fault = (_, response) => {
        const named = realm.replace('HOST', plain.address);
        response.writeHead(401, { 'www-authenticate': `Bearer realm="${named}"` }).end();
        return true;
      };
      expect(await rejectionOf(has(client))).toBeInstanceOf(RegistryProtocolError);
      expect(plain.seen).toEqual([]);
    },
  );

  it('that speaks plain HTTP after all is told as such', async () => {
    const wrong = new RegistryClient({ registries: [{ name: plain.address, plainHttp: false }] });
    const error = await rejectionOf(wrong.hasBlob({ registry: plain.address, repository: 'a' }, digest, signal));
    expect(error).toBeInstanceOf(RegistryProtocolError);
    expect(String(error)).toContain('plainHttp');
    await wrong.close();
  });
});
