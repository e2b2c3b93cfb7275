import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** As many ports for each worker of jest, below those that systems give to outgoing connections (Linux from 32768). */
const perWorker = 1_000;
const first = 20_000 + (Number(process.env.JEST_WORKER_ID ?? 0) % 10) * perWorker;
let next = randomInt(perWorker);

/**
 * A port that nobody listens on, and that is not given again soon, neither by this nor by the system: it is still free when
 * its server starts, and while that is down.
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < perWorker; tries += 1) {
    const port = first + next;
    next = (next + 1) % perWorker;
    if (await canListen(port, host)) return port;
  }
  throw new Error(`each port of ${host} from ${first} to ${first + perWorker - 1} is in use`);
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
    );
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
