import http from 'node:http';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { rootCertificates } from 'node:tls';
import { z } from 'zod';
import { BusUnavailableError } from '../bus';
import { BusRefusedError } from '../bus-refused-error';
import { isRefusal, refusalText } from './refusal';

export type ApiAddress = {
  /** `http://user:password@host:port` of the management API. */
  apiUrl: string;
  vhost: string;
  /** Whom to trust beside the usual authorities, in PEM: it may have the broker's certificate, or one of its own. */
  ca?: string | undefined;
};

const queue = z.object({
  name: z.string(),
  messages_unacknowledged: z.number().optional(),
  effective_policy_definition: z.record(z.string(), z.unknown()).or(z.array(z.never())).nullish(),
});
export type ApiQueue = z.infer<typeof queue>;

const policy = z.object({
  pattern: z.string(),
  'apply-to': z.string(),
  priority: z.number(),
  definition: z.record(z.string(), z.unknown()),
});
export type ApiPolicy = z.infer<typeof policy>;

const answerMs = 10_000;

/** The few calls of RabbitMQ's management API that this bus makes. */
export class ManagementApi {
  readonly #base: string;
  readonly #vhost: string;
  readonly #authorization: string;
  /** What is trusted; undefined: as usual. */
  readonly #ca: string[] | undefined;

  constructor({ apiUrl, vhost, ca }: ApiAddress) {
    if (!URL.canParse(apiUrl))
      throw new BusRefusedError('the management API is named by http://user:password@host:port');
    const url = new URL(apiUrl);
    const [user, password] = [url.username, url.password].map(decodeURIComponent);
    this.#authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    url.username = url.password = '';
    this.#base = url.href.replace(/\/$/, '');
    this.#vhost = encodeURIComponent(vhost);
    this.#ca = ca === undefined ? undefined : [...rootCertificates, ca];
  }

  /** Every queue of the virtual host. Counts are some seconds old; what is in force is not told where the broker keeps no statistics. */
  async queues(): Promise<readonly ApiQueue[]> {
    const found = await this.#queues('columns=name,messages_unacknowledged,effective_policy_definition');
    if (found.some((one) => one.messages_unacknowledged !== undefined)) return found;
    // The official images keep none: then counts are told only to those who do without the rest.
    return this.#queues('disable_stats=true&enable_queue_totals=true');
  }

  async #queues(query: string): Promise<readonly ApiQueue[]> {
    return z.array(queue).parse(await this.#call('GET', `/api/queues/${this.#vhost}?${query}`));
  }

  /** Every policy of the virtual host. */
  async policies(): Promise<readonly ApiPolicy[]> {
    return z.array(policy).parse(await this.#call('GET', `/api/policies/${this.#vhost}`));
  }

  async putPolicy(name: string, policy: object): Promise<void> {
    await this.#call('PUT', `/api/policies/${this.#vhost}/${encodeURIComponent(name)}`, policy);
  }

  async #call(method: string, path: string, value?: object): Promise<unknown> {
    const what = `${method} ${this.#base}${path}`;
    const told = await this.#told(method, path, value).catch((cause: unknown) => {
      const why = networkFault(cause);
      const message = `${what}: ${refusalText(why)}`;
      throw isRefusal(why) ? new BusRefusedError(message, { cause }) : new BusUnavailableError(message, { cause });
    });
    if (told.status >= 200 && told.status < 300) return told.body === '' ? undefined : JSON.parse(told.body);
    const message = `${what}: ${told.status} ${told.body.slice(0, 500)}`;
    throw told.status < 500 ? new BusRefusedError(message) : new BusUnavailableError(message);
  }

  #told(method: string, path: string, value?: object): Promise<{ status: number; body: string }> {
    const url = new URL(this.#base + path);
    const headers = { authorization: this.#authorization, 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(answerMs);
    const options = { method, headers, signal, ...(this.#ca === undefined ? {} : { ca: this.#ca }) };
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => reject(signal.aborted ? new Error(`no answer within ${answerMs} ms`) : error);
      const take = (response: IncomingMessage) =>
        void text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), fail);
      const asked = url.protocol === 'https:' ? https.request(url, options, take) : http.request(url, options, take);
      asked.on('error', fail).end(value === undefined ? undefined : JSON.stringify(value));
    });
  }
}

/** Why a connection was not made: where a name has several addresses, why not to the first. */
const networkFault = (error: unknown): unknown =>
  error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
