import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CredentialsError } from './credentials';
import type { Credential } from './credentials';
import { dockerConfigCredentials } from './docker-config';

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('the logins of the docker configuration', () => {
  const { signal } = new AbortController();
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'keelson-docker-'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  const lookUp = async (config: unknown, registry: string): Promise<Credential | undefined> => {
    await writeFile(path.join(directory, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));
    return dockerConfigCredentials(directory, { PATH: `${directory}:/usr/bin:/bin` })(registry, signal);
  };

  /** A helper that writes down what it was asked, and answers. */
  const helper = async (name: string, answer: string, exitCode = 0): Promise<void> => {
    const file = path.join(directory, `docker-credential-${name}`);
    const script = `#!/bin/sh\nprintf '%s ' "$@" > ${directory}/asked\ncat >> ${directory}/asked\ncat <<'E'\n${answer}\nE\nexit ${exitCode}\n`;
    await writeFile(file, script);
    await chmod(file, 0o755);
  };

  it('are none when there is no file', async () => {
    expect(await dockerConfigCredentials(directory)('a.b', signal)).toBeUndefined();
  });

  it.each(['a.b:5000', 'https://a.b:5000', 'https://a.b:5000/v1/', 'A.B:5000'])('are found under %s', async (key) => {
    const found = await lookUp({ auths: { [key]: { auth: base64('me:se:cret') } } }, 'a.b:5000');
    expect(found).toEqual({ kind: 'password', username: 'me', password: 'se:cret' });
  });

  it('are given to no other registry', async () => {
    const auths = { 'a.b': { auth: base64('me:secret') } };
    for (const other of ['a.b:5000', 'x.a.b', 'b', 'a.bc']) expect(await lookUp({ auths }, other)).toBeUndefined();
  });

  it('of Docker Hub are found under its old address', async () => {
    const auths = { 'https://index.docker.io/v1/': { username: 'me', password: 'secret' } };
    expect(await lookUp({ auths }, 'docker.io')).toMatchObject({ username: 'me' });
  });

  it('may be tokens', async () => {
    expect(await lookUp({ auths: { 'a.b': { identitytoken: 'T' } } }, 'a.b')).toEqual({
      kind: 'identity-token',
      token: 'T',
    });
    expect(await lookUp({ auths: { 'a.b': { registrytoken: 'T' } } }, 'a.b')).toEqual({
      kind: 'registry-token',
      token: 'T',
    });
  });

  it('come from the helper of a registry, which is asked by its input and not by arguments', async () => {
    await helper('test', '{"ServerURL":"a.b","Username":"me","Secret":"s"}');
    const found = await lookUp({ credHelpers: { 'a.b': 'test' }, auths: { 'a.b': { auth: base64('x:y') } } }, 'a.b');
    expect(found).toEqual({ kind: 'password', username: 'me', password: 's' });
    expect(await readFile(path.join(directory, 'asked'), 'utf8')).toBe('get a.b');
  });

  it('come from the general store, and from the file where the store has none', async () => {
    await helper('store', 'credentials not found in native keychain', 1);
    const found = await lookUp({ credsStore: 'store', auths: { 'docker.io': { auth: base64('x:y') } } }, 'docker.io');
    expect(found).toMatchObject({ username: 'x' });
    expect(await readFile(path.join(directory, 'asked'), 'utf8')).toBe('get https://index.docker.io/v1/');
  });

  it("that a helper keeps as a token are recognised by the helpers' own sign", async () => {
    await helper('test', '{"Username":"<token>","Secret":"T"}');
    expect(await lookUp({ credsStore: 'test' }, 'a.b')).toEqual({ kind: 'identity-token', token: 'T' });
  });

  it.each(['../evil', '/bin/sh', '-x', 'a b', ''.padEnd(65, 'x')])('never run the program %j', async (name) => {
    await expect(lookUp({ credsStore: name }, 'a.b')).rejects.toThrow('no such name');
  });

  it('say which helper failed, and nothing of what it printed', async () => {
    await helper('test', 'TOP-SECRET', 3);
    const error: unknown = await lookUp({ credsStore: 'test' }, 'a.b').catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(CredentialsError);
    expect(String(error)).toContain('docker-credential-test get, for a.b: exit code 3');
    expect(JSON.stringify([String(error), (error as Error).cause])).not.toContain('TOP-SECRET');
  });

  it('say that a helper is missing', async () => {
    await expect(lookUp({ credsStore: 'not-installed' }, 'a.b')).rejects.toThrow(
      'docker-credential-not-installed cannot be run',
    );
  });

  it('say that the file is malformed without quoting it', async () => {
    for (const text of ['{"auths": TOP-SECRET', '{"auths":{"a.b":{"auth":["TOP-SECRET"]}}}']) {
      const error: unknown = await lookUp(text, 'a.b').catch((fault: unknown) => fault);
      expect(String(error)).toContain('is malformed');
      expect(String(error)).not.toContain('TOP-SECRET');
    }
    await expect(lookUp({ auths: { 'a.b': { auth: base64('no-colon') } } }, 'a.b')).rejects.toThrow('malformed');
  });
});
