import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { HttpFault } from '@keelson/testbed';

export type TlsServer = { address: string; caFile: string; fault: HttpFault; close(): Promise<void> };

/** Why no certificate can be made here; undefined when one can. */
export const whyNoTls = (): string | undefined =>
  spawnSync('openssl', ['version']).error === undefined ? undefined : 'the program openssl is not installed';

/** A server on 127.0.0.1 with a certificate that nobody trusts but whoever is given its file. */
export async function startTlsServer(fault: HttpFault): Promise<TlsServer> {
  const directory = await mkdtemp(path.join(tmpdir(), 'keelson-tls-'));
  const [keyFile, caFile] = [path.join(directory, 'key.pem'), path.join(directory, 'ca.pem')];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const names = [
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-keyout',
    keyFile,
    '-out',
    caFile,
  ];
  const made = spawnSync('openssl', [...request, ...names]);
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr.toString()}`);
  const server = createServer({ key: readFileSync(keyFile), cert: readFileSync(caFile) }, (incoming, response) => {
    running.fault(incoming, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const running: TlsServer = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    caFile,
    fault,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true });
    },
  };
  return running;
}
