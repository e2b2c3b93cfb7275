import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { newDirectory } from '../../support/keelson';
import { kubectl } from './kubectl';

type Kubeconfig = { users: { name: string; user: object }[] };

/** A kubeconfig with a token of a service account, and so with its rights and no others. @returns its path */
export async function accountKubeconfig(account: string, namespace: string): Promise<string> {
  const token = (await kubectl(['create', 'token', account, '-n', namespace, '--duration=1h'])).trim();
  const config = JSON.parse(await kubectl(['config', 'view', '--raw', '--minify', '-o', 'json'])) as Kubeconfig;
  const users = config.users.map(({ name }) => ({ name, user: { token } }));
  const file = path.join(newDirectory('kubeconfig'), 'config');
  writeFileSync(file, JSON.stringify({ ...config, users }), { mode: 0o600 });
  return file;
}
