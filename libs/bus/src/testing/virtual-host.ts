import { randomBytes } from 'node:crypto';

/** A virtual host of a test's own on a real broker, and what its management API does for tests. */
export class VirtualHost {
  readonly name = `keelson-test-${randomBytes(6).toString('hex')}`;

  constructor(
    private readonly amqp: string,
    readonly apiUrl: string,
  ) {}

  static async make(amqp: string, apiUrl: string): Promise<VirtualHost> {
    const made = new VirtualHost(amqp, apiUrl);
    await made.call('PUT', `/api/vhosts/${made.name}`);
    const { username } = new URL(amqp);
    await made.allow(username || 'guest', { configure: '.*', write: '.*', read: '.*' });
    return made;
  }

  /** The AMQP URL of this virtual host; for another user than the testbed's. */
  url(user?: { name: string; password: string }): string {
    const url = new URL(this.amqp);
    url.pathname = `/${this.name}`;
    if (user) [url.username, url.password] = [user.name, user.password];
    return url.href;
  }

  allow(user: string, permissions: { configure: string; write: string; read: string }): Promise<unknown> {
    return this.call('PUT', `/api/permissions/${this.name}/${user}`, permissions);
  }

  async call(method: string, path: string, value?: object): Promise<unknown> {
    const url = new URL(this.apiUrl);
    const authorization = `Basic ${Buffer.from(`${url.username}:${url.password}`).toString('base64')}`;
    const headers = { authorization, 'content-type': 'application/json' };
    const body = value ? { body: JSON.stringify(value) } : {};
    const response = await fetch(new URL(path, `${url.protocol}//${url.host}`), { method, headers, ...body });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async remove(): Promise<void> {
    await this.call('DELETE', `/api/vhosts/${this.name}`);
  }
}
