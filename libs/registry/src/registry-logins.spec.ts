import type { CredentialSource } from './credentials';
import { parseImageReference } from './image-reference';
import { RegistryClient } from './registry-client';
import { RegistryAuthError, RegistryProtocolError, RegistryUnavailableError } from './registry-errors';
import { startFaultProxy } from './testing/fault-proxy';
import type { Fault, FaultProxy } from './testing/fault-proxy';
import { startRegistry, testLogin, whyNoRegistry } from './testing/private-registry';
import type { PrivateRegistry } from './testing/private-registry';
import { digestOf, pushImage } from './testing/sample-images';
import { startTlsServer, whyNoTls } from './testing/tls-server';
import type { TlsServer } from './testing/tls-server';
import { startTokenRegistry } from './testing/token-registry';
import type { TokenRegistry } from './testing/token-registry';

const { signal } = new AbortController();
const content = Buffer.from('content');
const digest = digestOf(content);

const respond: Fault = (request, response) => {
  if (request.method === 'POST') response.writeHead(201).end();
  else response.writeHead(200, { 'content-length': content.length }).end(content);
  return true;
};

const fault = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

const loginFor =
  (registry: string): CredentialSource =>
  (asked) =>
    Promise.resolve(asked === registry ? { kind: 'password', ...testLogin } : undefined);

const missing = whyNoRegistry();
if (missing !== undefined) process.stderr.write(`skipped: logging in at a registry: ${missing}\n`);

(missing === undefined ? describe : describe.skip)('a registry with a password', () => {
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
    const error = await fault(anonymous.head(image(), signal));
    expect(error).toBeInstanceOf(RegistryAuthError);
    expect(error).toMatchObject({ registry: registry.address, repository: 'team/widget' });
    expect(String(error)).toContain(`docker login ${registry.address}`);
    await anonymous.close();
    const wrong = new RegistryClient({
      credentials: () =>
        Promise.resolve({ kind: 'password', username: testLogin.username, password: 'WRONG-PASSWORD' }),
    });
    const refused = await fault(wrong.head(image(), signal));
    expect(refused).toBeInstanceOf(RegistryAuthError);
    expect(`${String(refused)} ${JSON.stringify(refused)}`).not.toContain('WRONG-PASSWORD');
    await wrong.close();
  });

  it('is let in by a login that came later', async () => {
    let source: CredentialSource = () => Promise.resolve(undefined);
    const client = new RegistryClient({ credentials: (name, given) => source(name, given) });
    expect(await fault(client.head(image(), signal))).toBeInstanceOf(RegistryAuthError);
    source = () => Promise.resolve({ kind: 'password', username: 'x', password: 'x' });
    expect(await fault(client.head(image(), signal))).toBeInstanceOf(RegistryAuthError);
    source = loginFor(registry.address);
    expect(await fault(client.head(image(), signal))).toBeUndefined();
    await client.close();
  });
});

describe('a registry with tokens', () => {
  let server: TokenRegistry;
  let now: number;
  let client: RegistryClient;

  const renew = (credentials: CredentialSource) => {
    const clock = { nowMs: () => now, sleep: () => Promise.resolve() };
    client = new RegistryClient({ credentials, clock });
  };

  beforeEach(async () => {
    now = 1_000_000;
    server = await startTokenRegistry(respond);
    renew(loginFor(server.registry.address));
  });

  afterEach(async () => {
    await client.close();
    await server.close();
  });

  const at = (repository: string) => ({ registry: server.registry.address, repository });
  const has = (repository: string) => client.hasBlob(at(repository), digest, signal);
  const scopes = () => server.tokens.seen.map(({ url }) => new URL(url, 'http://x').searchParams.getAll('scope'));

  it('gives the login to the token server only, and the token to the registry only', async () => {
    expect(await has('team/a')).toBe(true);
    const basic = `Basic ${Buffer.from(`${testLogin.username}:${testLogin.password}`).toString('base64')}`;
    expect(server.tokens.seen).toEqual([
      {
        method: 'GET',
        url: '/token?a=b&service=the+registry&scope=repository%3Ateam%2Fa%3Apull',
        authorization: basic,
      },
    ]);
    expect(server.registry.seen.map(({ authorization }) => authorization)).toEqual([undefined, 'Bearer token-1']);
  });

  it('is asked for one token per scope, which is kept', async () => {
    const others = ['b', 'c', 'a', 'a'];
    await has('a');
    for (const repository of others) {
      client.forgetBlobs(at(repository));
      await has(repository);
    }
    expect(scopes()).toEqual([['repository:a:pull'], ['repository:b:pull'], ['repository:c:pull']]);
    // Only the very first request came without a token.
    expect(server.registry.seen).toHaveLength(6);
  });

  it('is asked for one token by many requests at once', async () => {
    await has('warm-up');
    server.tokens.seen.length = 0;
    const digests = Array.from({ length: 20 }, (_, index) => digestOf(Buffer.from(`${index}`)));
    await Promise.all(digests.map((other) => client.hasBlob(at('a'), other, signal)));
    expect(scopes()).toEqual([['repository:a:pull']]);
  });

  it('is asked for rights on both repositories to mount', async () => {
    expect(await client.mount(at('a'), { digest, from: 'b' }, signal)).toBe('mounted');
    expect(scopes()).toEqual([['repository:a:pull,push', 'repository:b:pull']]);
  });

  it('is asked for another token before the old one ends: 60 seconds where it does not say', async () => {
    const ask = async (afterMs: number) => {
      now += afterMs;
      client.forgetBlobs(at('a'));
      await has('a');
      return server.tokens.seen.length;
    };
    expect(await ask(0)).toBe(1);
    expect(await ask(50_000)).toBe(1);
    server.extra = { expires_in: 300 };
    expect(await ask(9_000)).toBe(2);
    expect(await ask(200_000)).toBe(2);
    expect(await ask(100_000)).toBe(3);
  });

  it('that takes a token no more is asked for another one, once', async () => {
    await has('a');
    server.valid.clear();
    client.forgetBlobs(at('a'));
    expect(await has('a')).toBe(true);
    expect(server.tokens.seen).toHaveLength(2);
    server.tokens.fault = (_, response) => {
      response.end('{"token":"never valid"}');
      return true;
    };
    server.valid.clear();
    client.forgetBlobs(at('a'));
    expect(await fault(has('a'))).toBeInstanceOf(RegistryAuthError);
  });

  it('exchanges an identity token', async () => {
    await client.close();
    renew(() => Promise.resolve({ kind: 'identity-token', token: 'IDENTITY' }));
    let form = '';
    const { fault: give } = server.tokens;
    server.tokens.fault = (request, response) => {
      request.on('data', (chunk: Buffer) => {
        form += chunk.toString();
      });
      return give?.(request, response) ?? false;
    };
    expect(await has('a')).toBe(true);
    expect(server.tokens.seen[0]).toMatchObject({ method: 'POST', authorization: undefined });
    expect(Object.fromEntries(new URLSearchParams(form))).toEqual({
      ...{ grant_type: 'refresh_token', client_id: 'keelson', refresh_token: 'IDENTITY' },
      ...{ service: 'the registry', scope: 'repository:a:pull' },
    });
  });

  it('takes a token for the registry itself', async () => {
    await client.close();
    server.valid.add('REGISTRY');
    renew(() => Promise.resolve({ kind: 'registry-token', token: 'REGISTRY' }));
    expect(await has('a')).toBe(true);
    expect(server.tokens.seen).toEqual([]);
  });

  it('whose token server refuses, fails or answers nonsense is told apart', async () => {
    const answers: [number, string, unknown][] = [
      [401, '', RegistryAuthError],
      [403, '', RegistryAuthError],
      [503, '', RegistryUnavailableError],
      [429, '', RegistryUnavailableError],
      [200, '{}', RegistryProtocolError],
      [200, '<html>', RegistryProtocolError],
      [302, '', RegistryProtocolError],
    ];
    for (const [status, body, kind] of answers) {
      server.tokens.fault = (_, response) => {
        response.writeHead(status).end(body);
        return true;
      };
      expect(await fault(has('a'))).toBeInstanceOf(kind);
    }
  });

  it('is left by one caller without harm to the others that wait for the same token', async () => {
    await has('warm-up');
    let release: () => void = () => undefined;
    const { fault: give } = server.tokens;
    const asked = new Promise<void>((resolve) => {
      server.tokens.fault = (request, response) => {
        release = () => give?.(request, response);
        resolve();
        return true;
      };
    });
    const controller = new AbortController();
    const first = fault(client.hasBlob(at('a'), digest, controller.signal));
    await asked;
    const second = has('a');
    controller.abort(new Error('enough'));
    expect(await first).toEqual(new Error('enough'));
    release();
    expect(await second).toBe(true);
  });
});

describe('a login', () => {
  let registry: FaultProxy;
  let storage: FaultProxy;
  let client: RegistryClient;

  beforeEach(async () => {
    registry = await startFaultProxy();
    storage = await startFaultProxy();
    storage.fault = respond;
    client = new RegistryClient({ credentials: loginFor(registry.address) });
    registry.fault = (request, response) => {
      if (request.headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
        return true;
      }
      const here = request.url?.endsWith('?here');
      if (here) return respond(request, response);
      const host = request.url?.includes('same') ? '' : `http://${storage.address}`;
      const path = host === '' ? `${request.url ?? ''}?here` : '/bucket/object?signature=SIGNED';
      response.writeHead(request.method === 'POST' ? 202 : 307, { location: `${host}${path}` }).end();
      return true;
    };
  });

  afterEach(async () => {
    await client.close();
    await Promise.all([registry.close(), storage.close()]);
  });

  const read = (repository: string) =>
    client.blobBytes({ registry: registry.address, repository }, { digest, limitBytes: 100 }, signal);

  it('does not follow a redirect to another host', async () => {
    expect(Buffer.from(await read('other'))).toEqual(content);
    expect(storage.seen).toEqual([{ method: 'GET', url: '/bucket/object?signature=SIGNED', authorization: undefined }]);
  });

  it('follows a redirect on the same host', async () => {
    expect(Buffer.from(await read('same'))).toEqual(content);
    expect(storage.seen).toEqual([]);
  });

  it('does not go where an upload goes on at another host', async () => {
    storage.fault = (_, response) => {
      response.writeHead(201).end();
      return true;
    };
    const blob = { digest, sizeBytes: content.length, open: () => content };
    await client.putBlob({ registry: registry.address, repository: 'other' }, blob, signal);
    expect(storage.seen).toMatchObject([
      {
        method: 'PUT',
        url: `/bucket/object?signature=SIGNED&digest=${encodeURIComponent(digest)}`,
        authorization: undefined,
      },
    ]);
  });

  it('is not given to a token server that another host names', async () => {
    const evil = await startFaultProxy();
    storage.fault = (_, response) => {
      response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${evil.address}/token"` }).end();
      return true;
    };
    expect(await fault(read('other'))).toBeInstanceOf(RegistryAuthError);
    expect(await fault(read('other'))).toBeInstanceOf(RegistryAuthError);
    expect(evil.seen).toEqual([]);
    await evil.close();
  });

  it('is in no message, and neither is the signature of a redirect', async () => {
    storage.fault = (_, response) => {
      response.destroy();
      return true;
    };
    const error = await fault(read('other'));
    expect(error).toBeInstanceOf(RegistryUnavailableError);
    const told = `${String(error)} ${JSON.stringify(error)} ${String((error as Error).cause)}`;
    expect(told).not.toContain('SIGNED');
    expect(told).not.toContain(testLogin.password);
  });
});

const noTls = whyNoTls();
if (noTls !== undefined) process.stderr.write(`skipped: registries over TLS: ${noTls}\n`);

(noTls === undefined ? describe : describe.skip)('a registry over TLS', () => {
  let server: TlsServer;
  let plain: FaultProxy;
  let client: RegistryClient;

  beforeAll(async () => {
    server = await startTlsServer(respond);
    plain = await startFaultProxy();
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
    const error = await fault(has(stranger));
    expect(error).toBeInstanceOf(RegistryProtocolError);
    expect(String(error)).toContain('caFile');
    await stranger.close();
  });

  it('is never left for plain HTTP by a redirect', async () => {
    server.fault = (_, response) => {
      response.writeHead(307, { location: `http://${plain.address}/x` }).end();
      return true;
    };
    expect(String(await fault(has(client)))).toContain('leads from https to http:');
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
      expect(await fault(has(client))).toBeInstanceOf(RegistryProtocolError);
      expect(plain.seen).toEqual([]);
    },
  );

  it('that speaks plain HTTP after all is told as such', async () => {
    const wrong = new RegistryClient({ registries: [{ name: plain.address, plainHttp: false }] });
    const error = await fault(wrong.hasBlob({ registry: plain.address, repository: 'a' }, digest, signal));
    expect(error).toBeInstanceOf(RegistryProtocolError);
    expect(String(error)).toContain('plainHttp');
    await wrong.close();
  });
});
