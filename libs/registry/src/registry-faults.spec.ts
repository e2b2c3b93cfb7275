import { parseImageReference } from './image-reference';
import { RegistryClient } from './registry-client';
import { RegistryAuthError, RegistryProtocolError, RegistryUnavailableError } from './registry-errors';
import { startHttpFaultProxy } from '@keelson/testbed';
import type { HttpFault, HttpFaultProxy } from '@keelson/testbed';
import { rejectionOf } from './testing/rejection';
import { answer } from './testing/replies';
import { digestOf } from './testing/sample-images';

const bytes = Buffer.from('{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}');
const digest = digestOf(bytes);
const contentType = 'application/vnd.oci.image.manifest.v1+json';

/** Breaks the first few connections, then does as it is told. */
const breaking = (times: number, then: HttpFault): HttpFault => {
  let left = times;
  return (request, response) => {
    left -= 1;
    if (left < 0) return then(request, response);
    response.destroy();
    return true;
  };
};

const manifestAnswer = answer(200, { 'content-type': contentType, 'docker-content-digest': digest }, bytes);

describe('a registry that fails', () => {
  const { signal } = new AbortController();
  let server: HttpFaultProxy;
  let client: RegistryClient;

  beforeAll(async () => {
    server = await startHttpFaultProxy();
  });

  afterAll(() => server.close());

  beforeEach(() => {
    server.seen.length = 0;
    client = new RegistryClient();
  });

  afterEach(() => client.close());

  /** A client that gives up soon. */
  const hasty = async () => {
    await client.close();
    client = new RegistryClient({ timeouts: { connectMs: 500, headersMs: 300, idleMs: 300, wholeMs: 600 } });
  };

  const image = (name: string) => parseImageReference(`${server.address}/${name}`);
  it('with 5xx is unavailable, and the message says what was tried and what came back', async () => {
    server.fault = answer(
      503,
      { 'retry-after': '7' },
      '{"errors":[{"code":"UNAVAILABLE","message":"on\\u001b[31m fire"}]}',
    );
    const error = await rejectionOf(client.manifest(image('a:1'), signal));
    expect(error).toBeInstanceOf(RegistryUnavailableError);
    expect(error).toMatchObject({ retryAfterMs: 7000, code: 'registry-unavailable' });
    expect(String(error)).toContain(`${server.address}/a: GET manifests/1: 503 (UNAVAILABLE: on [31m fire)`);
    expect(server.seen).toHaveLength(1);
  });

  it('with 429 is left alone for as long as it asks', async () => {
    server.fault = answer(429, { 'retry-after': '60' });
    expect(await rejectionOf(client.head(image('a:1'), signal))).toMatchObject({ retryAfterMs: 60_000 });
    server.fault = manifestAnswer;
    const second = await rejectionOf(client.head(image('a:1'), signal));
    expect(second).toBeInstanceOf(RegistryUnavailableError);
    expect(server.seen).toHaveLength(1);
  });

  it('by hanging is unavailable when its time is over', async () => {
    await hasty();
    server.fault = () => true;
    const error = await rejectionOf(client.head(image('a:1'), signal));
    expect(error).toBeInstanceOf(RegistryUnavailableError);
    expect(String(error)).toContain('no answer in time');
  });

  it('by hanging in the middle of a body is unavailable', async () => {
    await hasty();
    server.fault = (_, response) => {
      response.writeHead(200, { 'content-type': contentType, 'content-length': 1000 });
      response.write(bytes);
      return true;
    };
    const error = await rejectionOf(client.manifest(image('a:1'), signal));
    expect(error).toBeInstanceOf(RegistryUnavailableError);
  });

  it('by dripping one byte after the other is unavailable', async () => {
    await client.close();
    client = new RegistryClient({ timeouts: { wholeMs: 600 } });
    server.fault = (_, response) => {
      response.writeHead(200, { 'content-type': contentType, 'content-length': 100_000 });
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
      return true;
    };
    const error = await rejectionOf(client.manifest(image('a:1'), signal));
    expect(String(error)).toContain('did not end within 600 ms');
    expect(error).toBeInstanceOf(RegistryUnavailableError);
  });

  it('by refusing connections is unavailable', async () => {
    const error = await rejectionOf(client.head(parseImageReference('127.0.0.1:1/a:1'), signal));
    expect(error).toBeInstanceOf(RegistryUnavailableError);
    expect(String(error)).toContain('refused');
  });

  it('by breaking a connection is asked again at once', async () => {
    server.fault = breaking(2, manifestAnswer);
    expect(await client.head(image('a:1'), signal)).toMatchObject({ digest });
    expect(server.seen).toHaveLength(3);
  });

  it('by breaking every connection is unavailable after three tries', async () => {
    server.fault = breaking(99, manifestAnswer);
    expect(await rejectionOf(client.head(image('a:1'), signal))).toBeInstanceOf(RegistryUnavailableError);
    expect(server.seen).toHaveLength(3);
  });

  it('by breaking off in the middle of a body is asked again', async () => {
    let tries = 0;
    server.fault = (request, response) => {
      tries += 1;
      if (tries === 3) return manifestAnswer(request, response);
      response.writeHead(200, { 'content-type': contentType, 'content-length': bytes.length });
      response.write(bytes.subarray(0, 10), () => response.destroy());
      return true;
    };
    expect((await client.manifest(image('a:1'), signal)).digest).toBe(digest);
    expect(tries).toBe(3);
  });

  it('by breaking off in the middle of an upload gets the bytes anew, in a new upload', async () => {
    const received: string[] = [];
    server.fault = (request, response) => {
      if (request.method === 'POST') {
        response.writeHead(202, { location: `/v2/a/blobs/uploads/${server.seen.length}` }).end();
        return true;
      }
      received.push(request.url ?? '');
      request.once('data', () => {
        if (received.length < 3) response.destroy();
      });
      request.on('end', () => response.writeHead(201).end());
      return true;
    };
    let opened = 0;
    const content = Buffer.alloc(200_000, 'x');
    const open = async function* () {
      opened += 1;
      for (let at = 0; at < content.length; at += 1000) yield await Promise.resolve(content.subarray(at, at + 1000));
    };
    await client.putBlob(image('a'), { digest: digestOf(content), sizeBytes: content.length, open }, signal);
    expect(opened).toBe(3);
    expect(new Set(received).size).toBe(3);
  });

  it('to say the digest is asked for the bytes, which tell it', async () => {
    server.fault = answer(200, { 'content-type': contentType }, bytes);
    expect(await client.head(image('a:1'), signal)).toEqual({
      digest,
      mediaType: contentType,
      sizeBytes: bytes.length,
    });
    expect(server.seen.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
  });

  it('to give the right bytes is not believed', async () => {
    server.fault = answer(200, { 'content-type': contentType, 'docker-content-digest': digest }, '{"schemaVersion":2}');
    expect(await rejectionOf(client.manifest(image('a:1'), signal))).toBeInstanceOf(RegistryProtocolError);
    expect(await rejectionOf(client.manifest(image(`a@${digest}`), signal))).toBeInstanceOf(RegistryProtocolError);
    const read = client.blobBytes(image('a'), { digest, limitBytes: 100 }, signal);
    expect(String(await rejectionOf(read))).toContain('have the digest');
    const other = image(`a@sha256:${'0'.repeat(64)}`);
    server.fault = manifestAnswer;
    expect(String(await rejectionOf(client.head(other, signal)))).toContain(`answers with ${digest}`);
  });

  it('to end is cut at the size a manifest may have', async () => {
    server.fault = answer(200, { 'content-type': contentType }, Buffer.alloc(5 * 1024 * 1024, ' '));
    expect(String(await rejectionOf(client.manifest(image('a:1'), signal)))).toContain('larger than 4194304 bytes');
  });

  it('to speak the protocol is told from one that is away', async () => {
    const replies: HttpFault[] = [
      answer(200, {}, '<html>'),
      answer(400, {}, 'what?'),
      answer(418),
      (request) => {
        request.socket.end('SSH-2.0-OpenSSH\r\n\r\n');
        return true;
      },
    ];
    for (const reply of replies) {
      server.fault = reply;
      expect(await rejectionOf(client.manifest(image('a:1'), signal))).toBeInstanceOf(RegistryProtocolError);
    }
    server.fault = answer(202);
    const begun = client.putBlob(image('a'), { digest, sizeBytes: bytes.length, open: () => bytes }, signal);
    expect(String(await rejectionOf(begun))).toContain('without a usable Location');
  });

  it('by redirecting in circles is stopped', async () => {
    server.fault = answer(307, { location: '/v2/a/manifests/1' });
    expect(String(await rejectionOf(client.head(image('a:1'), signal)))).toContain('more than 5 redirects');
  });

  it('to let us in says so by name, and what to do', async () => {
    server.fault = answer(403, {}, '{"errors":[{"code":"DENIED"}]}');
    const error = await rejectionOf(client.manifest(image('team/a:1'), signal));
    expect(error).toBeInstanceOf(RegistryAuthError);
    expect(error).toMatchObject({ registry: server.address, repository: 'team/a', code: 'registry-auth' });
    expect(String(error)).toContain(`docker login ${server.address}`);
  });

  it('is left at once when the caller gives up', async () => {
    server.fault = () => true;
    const controller = new AbortController();
    const work = rejectionOf(client.head(image('a:1'), controller.signal));
    controller.abort(new Error('enough'));
    expect(await work).toEqual(new Error('enough'));
    expect(await rejectionOf(client.head(image('a:1'), AbortSignal.abort(new Error('before'))))).toEqual(
      new Error('before'),
    );
  });
});
