import { existsSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import { delimiter } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { JobsError } from '../jobs';
import { refusalOf } from './api-refusal';

/** One call of the cluster's API. */
export type ApiCall = {
  /** What it does to what, for people: `creating the job x`. */
  what: string;
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  query?: Readonly<Record<string, string | undefined>>;
  body?: unknown;
  signal?: AbortSignal | undefined;
};

const callMs = 30_000;
/** Less than any server or balancer keeps an idle connection: what is sent into a closed one is lost. */
const idleMs = 20_000;
/** An answer that is larger is no answer to anything we ask. */
const maxBodyBytes = 256 * 1024 * 1024;

type Connection = { agent: http.Agent; key: string };

/**
 * The cluster's API over connections that are kept. The client's own calls open a connection each, and its watches and logs never notice a dead one;
 * of the client we take who we are, and where the cluster is.
 */
export class KubeApi {
  readonly #config: KubeConfig;
  readonly #server: URL;
  #connection: Connection | undefined;

  constructor(config: KubeConfig) {
    this.#config = config;
    const server = config.getCurrentCluster()?.server;
    if (server === undefined) throw new JobsError('the kubeconfig names no cluster', false);
    this.#server = new URL(server);
  }

  /** The answer to a call, as JSON. @throws ApiRefusal; JobsError when the API cannot be reached; the signal's reason */
  async call(call: ApiCall): Promise<unknown> {
    const limit = AbortSignal.timeout(callMs);
    const signal = call.signal === undefined ? limit : AbortSignal.any([call.signal, limit]);
    const response = await this.stream({ ...call, signal });
    try {
      return JSON.parse(await bodyOf(response));
    } catch (error) {
      call.signal?.throwIfAborted();
      throw unreachable(call.what, error);
    }
  }

  /** The answer to a call as it comes. @throws as `call` does */
  async stream(call: ApiCall): Promise<http.IncomingMessage> {
    let response: http.IncomingMessage;
    try {
      response = await this.#send(call);
    } catch (error) {
      call.signal?.throwIfAborted();
      throw unreachable(call.what, error);
    }
    const status = response.statusCode ?? 0;
    if (status < 300) return response;
    throw refusalOf(call.what, status, await bodyOf(response).catch(() => ''));
  }

  /** Closes the connections that are idle. */
  close(): void {
    this.#connection?.agent.destroy();
  }

  async #send({ method = 'GET', path, query = {}, body, signal }: ApiCall): Promise<http.IncomingMessage> {
    const url = new URL(this.#server.pathname.replace(/\/$/, '') + path, this.#server);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    const options = await this.#options();
    const content = body === undefined ? undefined : JSON.stringify(body);
    const headers = { accept: 'application/json', ...options.headers, ...contentHeaders(method, content) };
    const { request } = url.protocol === 'http:' ? http : https;
    return new Promise((resolve, reject) => {
      const sent = request(url, { ...options, method, headers, ...(signal === undefined ? {} : { signal }) });
      sent.on('response', resolve).on('error', reject);
      sent.on('socket', (socket) => socket.setKeepAlive(true, 15_000));
      sent.end(content);
    });
  }

  /** Who we are may change: tokens are renewed, certificates too. The connections are kept as long as they do not. */
  async #options(): Promise<https.RequestOptions> {
    const options: https.RequestOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    if (this.#config.getCurrentCluster()?.proxyUrl !== undefined) return options;
    const { ca, cert, key, servername, rejectUnauthorized } = options;
    const identity = JSON.stringify([ca, cert, key, servername].map(String));
    if (this.#connection?.key !== identity) {
      const secure = this.#server.protocol === 'https:' ? { ca, cert, key, servername, rejectUnauthorized } : {};
      const kept = { keepAlive: true, timeout: idleMs, ...definedOf(secure) };
      this.#connection?.agent.destroy();
      this.#connection = {
        key: identity,
        agent: this.#server.protocol === 'https:' ? new https.Agent(kept) : new http.Agent(kept),
      };
    }
    return { headers: options.headers, auth: options.auth, agent: this.#connection.agent };
  }
}

/**
 * Loads the client only now: it takes 50 MB, and processes without jobs do without.
 * @param kubeconfig one file or several, as KUBECONFIG names them; the first one's context counts. Absent: that of a pod
 * @throws JobsError
 */
export function openApi(kubeconfig: string | undefined): KubeApi {
  try {
    const client: { KubeConfig: new () => KubeConfig } = createRequire(__filename)('@kubernetes/client-node');
    const config = new client.KubeConfig();
    if (kubeconfig === undefined) config.loadFromCluster();
    else {
      const [first = kubeconfig, ...more] = kubeconfig.split(delimiter).filter(existsSync);
      config.loadFromFile(first);
      for (const file of more) {
        const other = new client.KubeConfig();
        other.loadFromFile(file);
        config.mergeConfig(other, true);
      }
    }
    return new KubeApi(config);
  } catch (error) {
    const from =
      kubeconfig === undefined ? 'without a kubeconfig, as only a pod can' : `by the kubeconfig ${kubeconfig}`;
    throw new JobsError(`the cluster cannot be reached ${from}: ${(error as Error).message}`, false, { cause: error });
  }
}

async function bodyOf(response: http.IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of response) {
    pieces.push(piece as Buffer);
    sizeBytes += (piece as Buffer).byteLength;
    if (sizeBytes > maxBodyBytes) throw new Error('the answer is too large');
  }
  return Buffer.concat(pieces).toString();
}

function contentHeaders(method: string, content: string | undefined): Record<string, string | number> {
  if (content === undefined) return {};
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  return { 'content-type': type, 'content-length': Buffer.byteLength(content) };
}

const definedOf = (all: object): object => Object.fromEntries(Object.entries(all).filter(([, value]) => value != null));

const unreachable = (what: string, error: unknown): JobsError =>
  new JobsError(`${what} failed: the cluster does not answer: ${(error as Error).message}`, true, { cause: error });
