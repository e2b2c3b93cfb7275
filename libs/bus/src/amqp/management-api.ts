import { z } from 'zod';
import { BusUnavailableError } from '../bus';
import { BusRefusedError } from '../bus-refused-error';

export type ApiAddress = {
  /** `http://user:password@host:port` of the management API. */
  apiUrl: string;
  vhost: string;
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

/** The few calls of RabbitMQ's management API that this bus makes. */
export class ManagementApi {
  readonly #base: string;
  readonly #vhost: string;
  readonly #authorization: string;

  constructor({ apiUrl, vhost }: ApiAddress) {
    if (!URL.canParse(apiUrl))
      throw new BusRefusedError('the management API is named by http://user:password@host:port');
    const url = new URL(apiUrl);
    const [user, password] = [url.username, url.password].map(decodeURIComponent);
    this.#authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    url.username = url.password = '';
    this.#base = url.href.replace(/\/$/, '');
    this.#vhost = encodeURIComponent(vhost);
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
    let response: Response;
    try {
      response = await fetch(this.#base + path, {
        method,
        headers: { authorization: this.#authorization, 'content-type': 'application/json' },
        signal: AbortSignal.timeout(10_000),
        ...(value ? { body: JSON.stringify(value) } : {}),
      });
    } catch (cause) {
      throw new BusUnavailableError(`${what}: ${String(cause)}`, { cause });
    }
    const text = await response.text();
    if (response.ok) return text === '' ? undefined : JSON.parse(text);
    const told = `${what}: ${response.status} ${text.slice(0, 500)}`;
    throw response.status < 500 ? new BusRefusedError(told) : new BusUnavailableError(told);
  }
}
