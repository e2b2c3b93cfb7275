import { spawnSync } from 'node:child_process';

/** Makes a certificate for 127.0.0.1, localhost and another address that nobody trusts but whoever is given its file. */
export function makeCertificate(files: { keyFile: string; certificateFile: string }, address?: string): void {
  const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const alternatives = ['IP:127.0.0.1', 'DNS:localhost', ...(address === undefined ? [] : [`IP:${address}`])];
  const names = ['-subj', '/CN=localhost', '-addext', `subjectAltName=${alternatives.join(',')}`];
  const made = spawnSync('openssl', [...kind, ...names, '-keyout', files.keyFile, '-out', files.certificateFile], {
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`openssl cannot make a certificate: ${made.error?.message ?? made.stderr}`);
}
