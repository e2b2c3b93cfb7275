import { createHash, createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

type Environment = Readonly<Record<string, string>>;
type Account = { region: string; id: string; secret: string; token: string | undefined };

const timeoutMs = 10_000;
const action = 'AmazonEC2ContainerRegistry_V20150921.DescribeRepositories';
const replySchema = z.object({ repositories: z.array(z.object({ repositoryUri: z.string() })) });

/** Amazon's registry cannot be asked: not configured, not reachable, or it refuses. */
export class EcrUnavailableError extends Error {
  readonly code = 'ecr-unavailable';
  override readonly name = 'EcrUnavailableError';
  /** Whether somebody meant it to be asked. */
  readonly isConfigured: boolean;

  constructor(message: string, options: ErrorOptions & { isConfigured?: boolean } = {}) {
    super(message, options);
    this.isConfigured = options.isConfigured ?? true;
  }
}

/**
 * The host name of the account's registry, by asking for one of its repositories. Nothing is asked where AWS is not configured.
 * @param env AWS's own variables: keys, or a profile in its files; a region; an endpoint
 * @throws EcrUnavailableError
 */
export async function ecrHost(env: Environment, now: Date): Promise<string> {
  const account = await accountOf(env);
  if (account === undefined) throw new EcrUnavailableError('AWS is not configured', { isConfigured: false });
  const endpoint = env['AWS_ENDPOINT_URL_ECR'] ?? env['AWS_ENDPOINT_URL'];
  const url = new URL(endpoint ?? `https://api.ecr.${account.region}.amazonaws.com`);
  try {
    const body = '{"maxResults":1}';
    const headers = signed({ url, body, account, now });
    const reply = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(timeoutMs) });
    if (!reply.ok) throw new EcrUnavailableError(`${url.host} answered ${reply.status}`);
    const [repository] = replySchema.parse(await reply.json()).repositories;
    if (repository === undefined) throw new EcrUnavailableError('the account has no repository');
    return new URL(`https://${repository.repositoryUri}`).hostname;
  } catch (cause) {
    if (cause instanceof EcrUnavailableError) throw cause;
    throw new EcrUnavailableError(`${url.host} cannot be asked: ${(cause as Error).message}`, { cause });
  }
}

async function accountOf(env: Environment): Promise<Account | undefined> {
  const profile = env['AWS_PROFILE'] ?? 'default';
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? (await regionOf(env, profile));
  const { id, secret, token } = keysFrom(env) ?? (await keysOf(env, profile));
  if (!id || !secret || region === undefined || !/^[a-z0-9-]+$/.test(region)) return undefined;
  return { region, id, secret, token };
}

type Keys = { id: string | undefined; secret: string | undefined; token: string | undefined };

function keysFrom(env: Environment): Keys | undefined {
  const id = env['AWS_ACCESS_KEY_ID'];
  if (id === undefined) return undefined;
  return { id, secret: env['AWS_SECRET_ACCESS_KEY'], token: env['AWS_SESSION_TOKEN'] };
}

async function keysOf(env: Environment, profile: string): Promise<Keys> {
  const keys = await section(env['AWS_SHARED_CREDENTIALS_FILE'] ?? inHome(env, 'credentials'), profile);
  return {
    id: keys.get('aws_access_key_id'),
    secret: keys.get('aws_secret_access_key'),
    token: keys.get('aws_session_token'),
  };
}

async function regionOf(env: Environment, profile: string): Promise<string | undefined> {
  const name = profile === 'default' ? profile : `profile ${profile}`;
  return (await section(env['AWS_CONFIG_FILE'] ?? inHome(env, 'config'), name)).get('region');
}

const inHome = (env: Environment, file: string): string => path.join(env['HOME'] ?? '/', '.aws', file);

/** One section of an INI file; empty when there is no such file. */
async function section(file: string, wanted: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(file, 'utf8').catch(() => ''); // not configured this way
  const found = new Map<string, string>();
  let current = '';
  for (const line of text.split('\n')) {
    current = /^\s*\[(.*?)\]/.exec(line)?.[1]?.trim() ?? current;
    const pair = /^\s*([a-z_]+)\s*=\s*(.*?)\s*$/.exec(line);
    if (current === wanted && pair !== null) found.set(pair[1] ?? '', pair[2] ?? '');
  }
  return found;
}

type Unsigned = { url: URL; body: string; account: Account; now: Date };

/** The headers of a request, by https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function signed({ url, body, account, now }: Unsigned): Record<string, string> {
  const stamp = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const day = stamp.slice(0, 8);
  const headers: Record<string, string> = {
    'content-type': 'application/x-amz-json-1.1',
    host: url.host,
    'x-amz-date': stamp,
    ...(account.token === undefined ? {} : { 'x-amz-security-token': account.token }),
    'x-amz-target': action,
  };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const canonical = ['POST', url.pathname, '', lines.join(''), names, sha256(body)].join('\n');
  const scope = `${day}/${account.region}/ecr/aws4_request`;
  const key = scope.split('/').reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${account.secret}`);
  const signature = hmac(key, ['AWS4-HMAC-SHA256', stamp, scope, sha256(canonical)].join('\n')).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${account.id}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...headers, authorization };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
