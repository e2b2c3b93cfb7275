import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { TestRegistry } from './testing/test-registry';

const segmentBytes = 64 * 1024;
const tick = (): Promise<void> => new Promise((next) => setImmediate(next));

describe('the registry when it closes', () => {
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

  it('ends connections that wait, lets a request under way end, and takes no more', async () => {
    // Longer than the test may take: nothing is broken off here.
    registry = await TestRegistry.start({ limits: { closeGraceMs: 600_000 } });
    const digest = await registry.push('a', Buffer.from('content'));
    const agent = new Agent({ keepAlive: true });
    const { host, port } = registry.address;
    await new Promise((ended) =>
      request({ host, port, path: '/v2/', agent }, (res) => res.resume().on('end', ended)).end(),
    );

    const find = registry.store.head.bind(registry.store);
    let letGo: () => void = () => undefined;
    const asked = new Promise<void>((begun) => {
      registry.store.head = async (key) => {
        begun();
        await new Promise<void>((go) => (letGo = go));
        return find(key);
      };
    });
    const body = new Promise<string>((resolve, reject) => {
      request({ host, port, path: `/v2/a/blobs/${digest}`, agent }, (res) => void text(res).then(resolve, reject))
        .on('error', reject)
        .end();
    });
    await asked;
    const closed = registry.close();
    letGo();
    expect(await body).toBe('content');
    await closed;
    await expect(fetch(`http://${host}:${String(port)}/v2/`)).rejects.toThrow();
    agent.destroy();
  });

  it('breaks off a request that does not end, and keeps what came', async () => {
    registry = await TestRegistry.start({ limits: { closeGraceMs: 50, segmentBytes } });
    const location = await registry.begin('a');
    const socket = await open();
    socket.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n`);
    socket.write(randomBytes(segmentBytes + 1000));
    // The first segment is stored as soon as it is full: then the request is under way.
    while ((await registry.store.listSegments('registry/segments/')).length === 0) await tick();
    await registry.restart();
    const come = Number((await registry.get(location)).headers.get('range')?.split('-')[1]) + 1;
    expect(come).toBeGreaterThanOrEqual(segmentBytes);
  });

  it('has closed only when what it still writes is written', async () => {
    registry = await TestRegistry.start({ limits: { closeGraceMs: 50, segmentBytes } });
    const location = await registry.begin('a');
    const put = registry.store.put.bind(registry.store);
    let letGo: () => void = () => undefined;
    const writing = new Promise<void>((begun) => {
      registry.store.put = async (key, bytes) => {
        begun();
        await new Promise<void>((go) => (letGo = go));
        registry.store.put = put;
        return put(key, bytes);
      };
    });
    const socket = await open();
    const broken = once(socket, 'close');
    socket.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n`);
    socket.write(randomBytes(segmentBytes + 1000));
    socket.resume();
    await writing;
    let isClosed = false;
    const closed = registry.stop().then(() => (isClosed = true));
    await broken;
    for (let turn = 0; turn < 100; turn += 1) await tick();
    expect(isClosed).toBe(false);
    letGo();
    await closed;
    expect((await registry.store.listSegments('registry/segments/')).length).toBe(1);
  });
});
