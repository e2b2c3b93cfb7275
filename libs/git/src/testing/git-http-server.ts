import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gitEnvironment } from '../config';

export type GitHttpOptions = {
  /** Directory with the bare repositories. */
  root: string;
  /** `user:password` that every request must bring. */
  auth?: string;
  /** Forgets that newer protocols exist, as an old server does. */
  oldProtocol?: boolean;
  /** Answers instead of git when it returns true. */
  instead?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** The address it listens on. Default: the loopback interface. */
  host?: string;
};

/** git's own http-backend behind a small server on the loopback interface. */
export class GitHttpServer {
  /** Every request so far: `METHOD path`. */
  readonly requests: string[] = [];
  /** Connections so far. */
  connections = 0;

  private constructor(
    private readonly server: Server,
    private readonly options: GitHttpOptions,
  ) {}

  static async start(options: GitHttpOptions): Promise<GitHttpServer> {
    const server = createServer();
    const started = new GitHttpServer(server, options);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => started.#answer(request, response));
    server.on('connection', () => (started.connections += 1));
    await new Promise<void>((resolve) => server.listen(0, options.host ?? '127.0.0.1', resolve));
    return started;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  url(repository: string, host = '127.0.0.1'): string {
    return `http://${host}:${this.port}/${repository}`;
  }

  /** May be called twice. */
  async stop(): Promise<void> {
    this.server.closeAllConnections();
    if (this.server.listening) await new Promise((resolve) => this.server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const { auth, instead } = this.options;
    if (instead?.(request, response) === true) return;
    if (auth !== undefined && request.headers.authorization !== `Basic ${Buffer.from(auth).toString('base64')}`) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
      return;
    }
    this.#backend(request, response);
  }

  /** The CGI interface: https://git-scm.com/docs/git-http-backend */
  #backend(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const protocol = this.options.oldProtocol === true ? undefined : request.headers['git-protocol'];
    const child = spawn('git', ['http-backend'], {
      env: gitEnvironment({
        GIT_PROJECT_ROOT: this.options.root,
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_CONFIG_GLOBAL: '/dev/null',
        PATH_INFO: decodeURIComponent(url.pathname),
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method ?? 'GET',
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        ...(typeof protocol === 'string' ? { GIT_PROTOCOL: protocol } : {}),
      }),
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    child.stdin.on('error', () => undefined); // the backend may answer before it has read everything
    request.pipe(child.stdin);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('close', () => sendCgi(Buffer.concat(chunks), response));
  }
}

function sendCgi(output: Buffer, response: ServerResponse): void {
  const end = output.indexOf('\r\n\r\n');
  const headers = output.toString('latin1', 0, end).split('\r\n');
  let status = 200;
  for (const line of headers) {
    const [name = '', value = ''] = line.split(': ', 2);
    if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
    else if (name !== '') response.setHeader(name, value);
  }
  response.writeHead(status).end(output.subarray(end + 4));
}
