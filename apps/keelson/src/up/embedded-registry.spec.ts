import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { readFileSync, writeFileSync } from 'node:fs';
import { DirObjectStore } from '@keelson/objects';
import { freePort } from '@keelson/testbed';
import type { DataDirectory } from '../data-directory';
import { newData } from '../fixture.contract';
import { startEmbeddedRegistry } from './embedded-registry';
import type { EmbeddedRegistry } from './embedded-registry';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function start(data: DataDirectory, port?: number): Promise<EmbeddedRegistry & { port: number }> {
  const registry = await startEmbeddedRegistry(await DirObjectStore.open(data.objects), data, { port });
  closers.push(registry.close);
  return { ...registry, port: Number(registry.address.split(':')[1]) };
}

async function takenPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

describe('the port of the embedded registry', () => {
  it('is the one that was chosen, on loopback', async () => {
    const data = await newData();
    const { port } = await start(data, 0);
    const response = await fetch(`http://127.0.0.1:${port}/v2/`);
    expect(response.status).toBe(200);
  });

  it('is the one it had last time', async () => {
    const data = await newData();
    const first = await start(data, await freePort());
    await first.close();
    const second = await start(data);
    expect(second.port).toBe(first.port);
    expect(second.formerAddresses).toEqual([]);
  });

  it('is another one when somebody has that, and the former address is remembered', async () => {
    const data = await newData();
    const former = await takenPort();
    writeFileSync(data.portsFile, `${former}\n`);
    const registry = await start(data);
    expect(registry.port).not.toBe(former);
    expect(registry.formerAddresses).toEqual([`localhost:${former}`]);
    expect(readFileSync(data.portsFile, 'utf8')).toBe(`${former}\n${registry.port}\n`);
  });

  it('is an error when a chosen one cannot be had', async () => {
    const data = await newData();
    const port = await takenPort();
    await expect(start(data, port)).rejects.toThrow(`port ${port} is in use: choose another with --port, or 0 for any`);
  });

  it('is not read from a file that says nonsense', async () => {
    const data = await newData();
    const port = await freePort();
    writeFileSync(data.portsFile, `99999999\nx\n-1\n\n${port}\n`);
    const registry = await start(data);
    expect([registry.port, registry.formerAddresses]).toEqual([port, []]);
  });
});
