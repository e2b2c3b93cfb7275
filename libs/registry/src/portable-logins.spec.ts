import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CredentialsError } from './credentials';
import { dockerConfigCredentials } from './docker-config';
import { portableLogins } from './portable-logins';
import { rejectionOf } from './testing/rejection';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const { signal } = new AbortController();

describe('the logins that a pod gets', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'keelson-docker-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  /** A helper that has a login for one server. */
  async function helper(name: string, server: string, answer: { Username: string; Secret: string }): Promise<void> {
    const file = path.join(directory, `docker-credential-${name}`);
    const known = `[ "$asked" = '${server}' ] || { echo 'credentials not found in native keychain'; exit 1; }`;
    await writeFile(file, `#!/bin/sh\nasked=$(cat)\n${known}\necho '${JSON.stringify(answer)}'\n`);
    await chmod(file, 0o755);
  }

  async function loginsFor(config: object, ...registries: string[]) {
    await writeFile(path.join(directory, 'config.json'), JSON.stringify(config));
    const text = await portableLogins(directory, { registries, env: { PATH: `${directory}:/usr/bin:/bin` } }, signal);
    return JSON.parse(text ?? 'null') as { auths: Record<string, unknown> };
  }

  it('are none where there is no file', async () => {
    expect(await portableLogins(directory, { registries: ['a.b'] }, signal)).toBeUndefined();
  });

  it('are those of the file, without the helpers that it names', async () => {
    const auths = { 'a.b': { auth: base64('me:secret') } };
    expect(await loginsFor({ auths, credHelpers: { 'c.d': 'pass' }, credsStore: '' }, 'a.b')).toEqual({ auths });
  });

  it.each(['ecr-login', 'gcr', 'gcloud', 'acr-env'])(
    'are also what %s answers, asked for what is wanted',
    async (name) => {
      await helper(name, 'a.b', { Username: 'AWS', Secret: 'short-lived' });
      const credHelpers = { 'a.b': name, 'c.d': name };
      expect(await loginsFor({ credHelpers }, 'a.b', 'c.d')).toEqual({
        auths: { 'a.b': { auth: base64('AWS:short-lived') } },
      });
      expect(await loginsFor({ credHelpers }, 'e.f')).toEqual({ auths: {} });
    },
  );

  it('may be tokens, and are read by whoever reads such a file', async () => {
    await helper('acr-env', 'https://index.docker.io/v1/', { Username: '<token>', Secret: 'T' });
    const { auths } = await loginsFor({ credsStore: 'acr-env' }, 'docker.io');
    await writeFile(path.join(directory, 'config.json'), JSON.stringify({ auths }));
    expect(await dockerConfigCredentials(directory)('docker.io', signal)).toEqual({
      kind: 'identity-token',
      token: 'T',
    });
  });

  it('are never the password that a keychain keeps: which one, and what to do, is said', async () => {
    await helper('pass', 'a.b', { Username: 'me', Secret: 'for-good' });
    const error = await rejectionOf(loginsFor({ credsStore: 'pass' }, 'a.b'));
    expect(error).toBeInstanceOf(CredentialsError);
    expect(String(error)).toContain('the login for a.b is kept by docker-credential-pass, which pods cannot run');
    expect(String(error)).not.toContain('for-good');
  });

  it('are for the registries of bases what expires, and never what a keychain keeps', async () => {
    const bases = () => Promise.resolve(['base.example', 'public.example', 'c.d']);
    const forBases = async (config: object) => {
      await writeFile(path.join(directory, 'config.json'), JSON.stringify(config));
      const env = { PATH: `${directory}:/usr/bin:/bin` };
      const text = await portableLogins(directory, { registries: [], bases, env }, signal);
      return (JSON.parse(text ?? 'null') as { auths: Record<string, unknown> }).auths;
    };
    await helper('ecr-login', 'base.example', { Username: 'AWS', Secret: 'short-lived' });
    await helper('pass', 'base.example', { Username: 'me', Secret: 'for-good' });
    const expected = { 'base.example': { auth: base64('AWS:short-lived') } };
    expect(await forBases({ credHelpers: { 'base.example': 'ecr-login', 'c.d': 'pass' } })).toEqual(expected);
    expect(await forBases({ credsStore: 'ecr-login' })).toEqual(expected);
    expect(await forBases({ credsStore: 'pass' })).toEqual({});
    await writeFile(path.join(directory, 'docker-credential-gcr'), '#!/bin/sh\nexit 7\n', { mode: 0o755 });
    // The general store knows nothing of this registry; one that is named for it is broken.
    expect(await forBases({ credsStore: 'gcr' })).toEqual({});
    expect(await rejectionOf(forBases({ credHelpers: { 'base.example': 'gcr' } }))).toBeInstanceOf(CredentialsError);
  });

  it('are of the file those that are wanted alone, under the keys that they have there', async () => {
    const login = (name: string) => ({ auth: base64(`${name}:secret`) });
    const wanted = {
      ...{ 'a.b:5000': login('host'), 'https://c.d/v1/': login('address'), 'c.d/team': login('path') },
      ...{ 'https://index.docker.io/v1/': login('hub'), 'registry-1.docker.io': login('hub too') },
    };
    const others = { 'a.b': login('no port'), 'e.f': login('other'), 'b.c.d': login('below'), 'a.b:50': login('port') };
    await writeFile(path.join(directory, 'config.json'), JSON.stringify({ auths: { ...others, ...wanted } }));
    // As `node:20` is read.
    const bases = () => Promise.resolve(['docker.io', 'a.b:5000']);
    const text = await portableLogins(directory, { registries: ['a.b:5000', 'c.d'], bases }, signal);
    expect(JSON.parse(text ?? 'null')).toEqual({ auths: wanted });
    expect(await loginsFor({ auths: { ...others, ...wanted } }, 'e.f')).toEqual({ auths: { 'e.f': others['e.f'] } });
  });

  it('do not need the Dockerfile read where no helper is, nor a login of another registry', async () => {
    const bases = () => Promise.reject(new Error('nobody needs to know'));
    await helper('pass', 'c.d', { Username: 'me', Secret: 'for-good' });
    for (const auths of [{}, { 'a.b': { auth: base64('me:secret') } }]) {
      await writeFile(path.join(directory, 'config.json'), JSON.stringify({ auths, credsStore: 'pass' }));
      const env = { PATH: `${directory}:/usr/bin:/bin` };
      const text = await portableLogins(directory, { registries: ['a.b'], bases, env }, signal);
      expect(JSON.parse(text ?? 'null')).toEqual({ auths });
    }
  });

  it('need no keychain that has nothing for what is wanted, or where the file has it', async () => {
    await helper('pass', 'a.b', { Username: 'me', Secret: 'for-good' });
    expect(await loginsFor({ credsStore: 'pass' }, 'c.d')).toEqual({ auths: {} });
    const auths = { 'a.b': { username: 'robot', password: 'x' } };
    expect(await loginsFor({ auths, credsStore: 'pass' }, 'a.b')).toEqual({ auths });
  });
});
