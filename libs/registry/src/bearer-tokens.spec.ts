import type { CredentialSource } from './credentials';
import { RegistryClient } from './registry-client';
import { RegistryAuthError, RegistryProtocolError, RegistryUnavailableError } from './registry-errors';
import { loginFor } from './testing/logins';
import { testLogin } from './testing/private-registry';
import { rejectionOf } from './testing/rejection';
import { contentDigest as digest, respond } from './testing/replies';
import { digestOf } from './testing/sample-images';
import { startTokenRegistry } from './testing/token-registry';
import type { TokenRegistry } from './testing/token-registry';

const { signal } = new AbortController();

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
      response.end('{"token":"never-valid"}');
      return true;
    };
    server.valid.clear();
    client.forgetBlobs(at('a'));
    expect(await rejectionOf(has('a'))).toBeInstanceOf(RegistryAuthError);
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
      [200, '{"token":"two\\nlines"}', RegistryProtocolError],
      [200, '<html>', RegistryProtocolError],
      [302, '', RegistryProtocolError],
    ];
    for (const [status, body, kind] of answers) {
      server.tokens.fault = (_, response) => {
        response.writeHead(status).end(body);
        return true;
      };
      expect(await rejectionOf(has('a'))).toBeInstanceOf(kind);
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
    const first = rejectionOf(client.hasBlob(at('a'), digest, controller.signal));
    await asked;
    const second = has('a');
    controller.abort(new Error('enough'));
    expect(await first).toEqual(new Error('enough'));
    release();
    expect(await second).toBe(true);
  });
});
