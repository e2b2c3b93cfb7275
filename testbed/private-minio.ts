import { mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeCertificate } from './certificate';
import { freePort } from './free-port';
import { PrivateServer } from './private-server';
import { programPath } from './programs';

export type MinioOptions = {
  /** Where its objects go instead of a directory of its own: a small file system, for one. */
  dataDirectory?: string;
  /** Serve HTTPS with a certificate that only `caFile` vouches for. */
  tls?: boolean;
  /** The region it takes requests for; any, when absent. */
  region?: string;
};

export type PrivateMinio = {
  server: PrivateServer;
  /** `http://127.0.0.1:port`, or `https:`. */
  endpoint: string;
  /** `host:port`. */
  address: string;
  accessKey: string;
  secretKey: string;
  /** The certificate to trust, with `tls`. */
  caFile: string | undefined;
};

/** A MinIO of the suite's own on a free port of 127.0.0.1, up within a second. End it with `server.close()`. */
export async function startPrivateMinio(options: MinioOptions = {}): Promise<PrivateMinio> {
  const directory = await mkdtemp(path.join(tmpdir(), 'keelson-minio-'));
  const data = options.dataDirectory ?? path.join(directory, 'data');
  const certificates = path.join(directory, 'certs');
  await mkdir(certificates);
  if (options.dataDirectory === undefined) await mkdir(data);
  const caFile = options.tls === true ? path.join(certificates, 'public.crt') : undefined;
  if (caFile !== undefined) {
    makeCertificate({ keyFile: path.join(certificates, 'private.key'), certificateFile: caFile });
  }
  const address = `127.0.0.1:${await freePort()}`;
  const endpoint = `${caFile === undefined ? 'http' : 'https'}://${address}`;
  const login = { accessKey: 'tester', secretKey: 'secret-of-the-test' };
  const server = new PrivateServer({
    name: 'MinIO',
    command: [programPath('minio'), 'server', '--quiet', '--certs-dir', certificates, '--address', address, data],
    env: {
      MINIO_ROOT_USER: login.accessKey,
      MINIO_ROOT_PASSWORD: login.secretKey,
      MINIO_BROWSER: 'off',
      HOME: directory,
      ...(options.region === undefined ? {} : { MINIO_SITE_REGION: options.region }),
    },
    directory,
    answers: () => isReady(endpoint, caFile),
    startWithinMs: 60_000,
  });
  await server.start();
  return { server, endpoint, address, ...login, caFile };
}

/** It calls itself ready before it takes requests: then it asks who we are. */
const whoAreYou = 403;

async function isReady(url: string, caFile: string | undefined): Promise<boolean> {
  if (caFile === undefined) return (await fetch(url)).status === whoAreYou;
  const ca = await readFile(caFile);
  return new Promise((resolve, reject) => {
    const asked = request(url, { ca, agent: false }, (reply) => {
      reply.resume();
      resolve(reply.statusCode === whoAreYou);
    });
    asked.on('error', reject).end();
  });
}
