import { createServer } from 'node:net';
import { freePort } from './free-port';

it('gives ports one after the other that nobody listens on, none that the system gives to connections', async () => {
  const before = await freePort();
  const taken = createServer().listen(before + 1, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  try {
    const ports = [await freePort(), await freePort()];
    expect(new Set([before, before + 1, ...ports]).size).toBe(4);
    for (const port of ports) expect(port).toBeLessThan(32_768);
  } finally {
    taken.close();
  }
});
