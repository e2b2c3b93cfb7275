import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from './free-port';
import { PrivateServer } from './private-server';
import { programPath } from './programs';

export type PrivateRegistry = {
  server: PrivateServer;
  /** `host:port`, plain HTTP. */
  address: string;
};

/** A distribution registry of the suite's own on a free port of 127.0.0.1. End it with `server.close()`. */
export async function startPrivateRegistry(): Promise<PrivateRegistry> {
  const directory = await mkdtemp(path.join(tmpdir(), 'keelson-registry-'));
  const address = `127.0.0.1:${await freePort()}`;
  const config = path.join(directory, 'config.yml');
  // JSON is YAML.
  const settings = {
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: path.join(directory, 'data') }, delete: { enabled: true } },
    http: { addr: address },
  };
  await writeFile(config, JSON.stringify(settings));
  const server = new PrivateServer({
    name: 'the registry',
    command: [programPath('registry'), 'serve', config],
    directory,
    answers: async () => (await fetch(`http://${address}/v2/`)).ok,
    startWithinMs: 30_000,
  });
  await server.start();
  return { server, address };
}
