import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { startRegistry } from './registry';
import { codes, sha256, TestRegistry } from './testing/test-registry';

const segmentBytes = 64 * 1024;

describe('the registry', () => {
  let registry: TestRegistry;
  const sockets: Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await registry.close();
  });

  const open = async (): Promise<Socket> => {
    const socket = connect(registry.address.port, registry.address.host);
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };
  const raw = (method: string, path: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const { host, port } = registry.address;
      request({ host, port, method, path, agent: false }, (res) => {
        res.resume().on('end', () => resolve(res.statusCode ?? 0));
      })
        .on('error', reject)
        .end();
    });

  it('listens on loopback unless told otherwise, and says that it speaks the API', async () => {
    registry = await TestRegistry.start();
    expect(registry.address.host).toBe('127.0.0.1');
    const answer = await registry.get('/v2/');
    expect([answer.status, answer.headers.get('docker-distribution-api-version')]).toEqual([200, 'registry/2.0']);
  });

  it('rejects a start on a port that is taken', async () => {
    registry = await TestRegistry.start();
    const { store, address } = registry;
    await expect(startRegistry({ store, port: address.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('refuses what the API does not have, with the methods that it has', async () => {
    registry = await TestRegistry.start();
    for (const path of ['/', '/v1/', '/v2/a/tags', '/v2/a/blobs/', '/v2/%', '/v2/a/b']) {
      const answer = await registry.get(path);
      expect([path, answer.status, await codes(answer)]).toEqual([path, 404, ['UNSUPPORTED']]);
    }
    const answer = await registry.request('POST', '/v2/a/manifests/v1');
    expect([answer.status, await codes(answer)]).toEqual([405, ['UNSUPPORTED']]);
    expect(answer.headers.get('allow')).toBe('GET, HEAD, PUT, DELETE');
    expect((await registry.request('PURGE', '/v2/')).status).toBe(405);
  });

  it('deletes nothing when that is not allowed, but drops uploads', async () => {
    registry = await TestRegistry.start({ allowDelete: false });
    const digest = await registry.push('a');
    const answer = await registry.request('DELETE', `/v2/a/blobs/${digest}`);
    expect([answer.status, await codes(answer)]).toEqual([405, ['UNSUPPORTED']]);
    expect((await registry.request('DELETE', '/v2/a/manifests/v1')).status).toBe(405);
    expect((await registry.request('DELETE', await registry.begin('a'))).status).toBe(204);
  });

  it('takes no change from a web page', async () => {
    registry = await TestRegistry.start();
    const headers = { Origin: 'http://127.0.0.1:8080' };
    const answer = await registry.request('POST', '/v2/a/blobs/uploads/', { headers });
    expect([answer.status, await codes(answer)]).toEqual([403, ['DENIED']]);
    expect((await registry.get('/v2/', headers)).status).toBe(200);
  });

  it.each([
    '/v2/../blobs/uploads/',
    '/v2/a/../../b/blobs/uploads/',
    '/v2/%2e%2e/%2e%2e/blobs/uploads/',
    '/v2/a%2f..%2f..%2fb/blobs/uploads/',
    '/v2/a%00b/blobs/uploads/',
    '/v2/a%5c..%5cb/blobs/uploads/',
    '/v2//a/blobs/uploads/',
    '/v2/a//b/blobs/uploads/',
    '/v2/_blobs/blobs/uploads/',
    '/v2/a/_manifests/blobs/uploads/',
    '/v2/Team/blobs/uploads/',
    '/v2/a..b/blobs/uploads/',
    `/v2/${'a'.repeat(256)}/blobs/uploads/`,
  ])('refuses the name in %s', async (path) => {
    registry = await TestRegistry.start();
    expect(await raw('POST', path)).toBe(400);
  });

  it('never leaves its prefix', async () => {
    registry = await TestRegistry.start({ prefix: 'one/two/' });
    const manifest = await registry.image('a');
    await registry.putManifest('a/manifests/v1', manifest);
    for (const path of [
      '/v2/a/manifests/..',
      '/v2/a/manifests/..%2f..',
      '/v2/a/blobs/sha256:..%2f..',
      '/v2/a/referrers/..',
      '/v2/a/tags%0d%0aSet-Cookie:x/list',
    ]) {
      expect(await raw('GET', path)).toBeGreaterThanOrEqual(400);
      expect(await raw('DELETE', path)).toBeGreaterThanOrEqual(400);
    }
    let objects = 0;
    for await (const { key } of registry.store.list('')) {
      expect(key.startsWith('one/two/')).toBe(true);
      objects += 1;
    }
    expect(objects).toBeGreaterThan(5);
  });

  it('survives what is no HTTP, and clients that go in the middle of a request', async () => {
    registry = await TestRegistry.start();
    const location = await registry.begin('a');
    for (const bytes of [
      randomBytes(500),
      Buffer.from('GET / HTTP/9.9\r\n\r\n'),
      Buffer.from('PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n'),
      Buffer.from('CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n'),
    ]) {
      const socket = await open();
      const closed = once(socket, 'close');
      socket.end(bytes);
      socket.resume();
      await closed;
    }
    for (const start of [
      `PUT ${location}?digest=${sha256(Buffer.alloc(10))}`,
      'PUT /v2/a/manifests/v1',
      `PATCH ${location}`,
    ]) {
      const socket = await open();
      await new Promise((sent) => socket.write(`${start} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc`, sent));
      socket.destroy();
    }
    expect((await registry.get('/v2/')).status).toBe(200);
  });

  it('closes the connection of a client that stalls, in a header or in a body', async () => {
    registry = await TestRegistry.start();
    const location = await registry.begin('a');
    await registry.restart({ idleTimeoutMs: 1_000, headersTimeoutMs: 1_000 });
    for (const part of [
      'GET /v2/ HTTP/1.1\r\nHos',
      `PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc`,
    ]) {
      const socket = await open();
      socket.resume().write(part);
      await once(socket, 'close');
    }
    await registry.restart({});
    expect((await registry.get(location)).status).toBe(204);
  });

  it('shares its store with another process: each sees what the other took', async () => {
    registry = await TestRegistry.start({ limits: { segmentBytes } });
    const other = await TestRegistry.start({ store: registry.store, limits: { segmentBytes } });
    const bytes = randomBytes(4 * segmentBytes);
    const location = await registry.begin('a');
    await registry.patch(location, bytes.subarray(0, 100_000), 0);
    await other.patch(location, bytes.subarray(100_000, 200_000), 100_000);
    expect((await registry.finish(location, sha256(bytes), bytes.subarray(200_000))).status).toBe(201);
    const got = await other.get(`/v2/a/blobs/${sha256(bytes)}`);
    expect(sha256(Buffer.from(await got.arrayBuffer()))).toBe(sha256(bytes));
    await other.close();
  });
});
