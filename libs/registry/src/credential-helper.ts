import { spawn } from 'node:child_process';
import { z } from 'zod';
import { CredentialsError } from './credentials';
import type { Credential } from './credentials';

const timeoutMs = 30_000;
const maxOutputBytes = 64 * 1024;

// One word that can be neither a path nor an option.
const helperName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const helperReply = z.object({ Username: z.string(), Secret: z.string() });

export type HelperQuestion = {
  /** `pass` for `docker-credential-pass`. */
  name: string;
  server: string;
  /** The helper's environment, in whose PATH it is looked for; undefined: this process's own. */
  env: NodeJS.ProcessEnv | undefined;
};

type Helper = { program: string; input: string; env: NodeJS.ProcessEnv | undefined };

/**
 * Asks `docker-credential-<name> get`, the server's name on its input. Undefined when the helper has no login for it.
 * Its output is never part of a message: it may hold the secret.
 * @throws CredentialsError
 */
export async function askCredentialHelper(
  { name, server, env }: HelperQuestion,
  signal: AbortSignal,
): Promise<Credential | undefined> {
  if (!helperName.test(name)) {
    throw new CredentialsError(
      `the docker configuration names the credential helper ${JSON.stringify(name)}: no such name`,
    );
  }
  const program = `docker-credential-${name}`;
  const { exitCode, output } = await run({ program, input: server, env }, signal);
  if (exitCode !== 0) {
    // The helpers' protocol: "not found" is an exit with 1 and this text on the output.
    if (/credentials not found/i.test(output)) return undefined;
    throw new CredentialsError(`${program} get, for ${server}: exit code ${exitCode ?? 'none, it was killed'}`);
  }
  const reply = helperReply.safeParse(parseJson(output));
  if (!reply.success)
    throw new CredentialsError(`${program} get, for ${server}: the answer is not what helpers answer`);
  const { Username: username, Secret: secret } = reply.data;
  if (username === '<token>') return { kind: 'identity-token', token: secret };
  return { kind: 'password', username, password: secret };
}

function run(
  { program, input, env }: Helper,
  signal: AbortSignal,
): Promise<{ exitCode: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], { env, stdio: ['pipe', 'pipe', 'ignore'], signal });
    // Not spawn's own timeout: its timer stays when the program is not there.
    const deadline = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const chunks: Buffer[] = [];
    let size = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxOutputBytes) child.kill('SIGKILL');
      else chunks.push(chunk);
    });
    // The helper may end without reading its input; its exit code tells what there is to tell.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', (cause) => {
      clearTimeout(deadline);
      if (signal.aborted) reject(signal.reason);
      else reject(new CredentialsError(`${program} cannot be run`, { cause }));
    });
    child.on('close', (exitCode) => {
      clearTimeout(deadline);
      resolve({ exitCode, output: Buffer.concat(chunks).toString('utf8') });
    });
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The schema refuses undefined; the parser's own message would quote the text.
    return undefined;
  }
}
