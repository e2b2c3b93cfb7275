import { RegistryClient } from './registry-client';
import { RegistryAuthError, RegistryUnavailableError } from './registry-errors';
import { startHttpFaultProxy } from '@keelson/testbed';
import type { HttpFaultProxy } from '@keelson/testbed';
import { loginFor } from './testing/logins';
import { testLogin } from './testing/private-registry';
import { rejectionOf } from './testing/rejection';
import { content, contentDigest as digest, respond } from './testing/replies';

const { signal } = new AbortController();

describe('a login', () => {
  let registry: HttpFaultProxy;
  let storage: HttpFaultProxy;
  let client: RegistryClient;

  beforeEach(async () => {
    registry = await startHttpFaultProxy();
    storage = await startHttpFaultProxy();
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
    const evil = await startHttpFaultProxy();
    storage.fault = (_, response) => {
      response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${evil.address}/token"` }).end();
      return true;
    };
    expect(await rejectionOf(read('other'))).toBeInstanceOf(RegistryAuthError);
    expect(await rejectionOf(read('other'))).toBeInstanceOf(RegistryAuthError);
    expect(evil.seen).toEqual([]);
    await evil.close();
  });

  it('is in no message, and neither is the signature of a redirect', async () => {
    storage.fault = (_, response) => {
      response.destroy();
      return true;
    };
    const error = await rejectionOf(read('other'));
    expect(error).toBeInstanceOf(RegistryUnavailableError);
    const told = `${String(error)} ${JSON.stringify(error)} ${String((error as Error).cause)}`;
    expect(told).not.toContain('SIGNED');
    expect(told).not.toContain(testLogin.password);
  });
});
