import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { FaultProxy } from './fault-proxy';

/** Says `heard <bytes>` to everything it is sent. */
let echo: Server;
let heard: string[];
let proxy: FaultProxy;
let client: Socket;

beforeEach(async () => {
  heard = [];
  echo = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      heard.push(bytes.toString());
      socket.write(`heard ${bytes.toString()}`);
    });
  });
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  proxy = await FaultProxy.start(`127.0.0.1:${(echo.address() as AddressInfo).port}`);
  client = await connected();
});
afterEach(async () => {
  client.destroy();
  await proxy.close();
  await new Promise((resolve) => echo.close(resolve));
});

async function connected(): Promise<Socket> {
  const [host, port] = proxy.address.split(':');
  const socket = connect({ host: host!, port: Number(port) });
  await once(socket, 'connect');
  return socket;
}

async function said(socket: Socket): Promise<string> {
  const [bytes] = (await once(socket, 'data', { signal: AbortSignal.timeout(60_000) })) as [Buffer];
  return bytes.toString();
}

describe('the fault proxy', () => {
  it('passes both ways', async () => {
    client.write('one');
    expect(await said(client)).toBe('heard one');
    expect(proxy.accepted).toBe(1);
  });

  it('holds what is sent, and lets it through afterwards', async () => {
    client.write('one');
    await said(client);
    proxy.set('hold');
    client.write('two');
    await setTimeout(100);
    expect(heard).toEqual(['one']);
    proxy.set('pass');
    expect(await said(client)).toBe('heard two');
  });

  it('holds replies alone: the server has done what the client is never told', async () => {
    client.write('one');
    await said(client);
    proxy.holdReplies();
    client.write('two');
    await expect(Promise.race([said(client), setTimeout(200, 'silence')])).resolves.toBe('silence');
    while (heard.length < 2) await setTimeout(10);
    expect(heard).toEqual(['one', 'two']);
    proxy.cut();
    await expect(once(client, 'close')).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('refuses until it is told to pass again', async () => {
    const cut = once(client, 'close');
    proxy.set('refuse');
    await expect(cut).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect(connected().then(said)).rejects.toMatchObject({ code: 'ECONNRESET' });
    proxy.set('pass');
    client = await connected();
    client.write('two');
    expect(await said(client)).toBe('heard two');
    expect(heard).toEqual(['two']);
  });

  it('passes the end of a connection on', async () => {
    client.write('one');
    await said(client);
    client.end();
    await once(client, 'end');
  });
});
