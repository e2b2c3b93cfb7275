import { statSync } from 'node:fs';
import { request } from 'node:http';
import { LmdbBus } from '@keelson/bus';
import { socketPath } from './data-directory';
import { newData } from './fixture.contract';
import { serveSocket } from './socket-server';

describe('the socket of an `up`', () => {
  let bus: LmdbBus;
  let place: string;
  let server: { close: () => Promise<void> };

  beforeEach(async () => {
    const data = await newData();
    bus = await LmdbBus.open({ directory: data.bus });
    place = await socketPath(data);
    server = await serveSocket(bus, place);
  });
  afterEach(async () => {
    await server.close();
    await bus.close();
  });

  const send = (method: string, path: string, body = '') =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const outgoing = request({ socketPath: place, path, method, agent: false }, (response) => {
        let text = '';
        response.on('data', (piece: Buffer) => (text += piece.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      outgoing.once('error', reject);
      outgoing.end(body);
    });

  it('is its owner’s alone', () => {
    expect(statSync(place).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['GET /v1/nothing', '', /there is no GET \/v1\/nothing/],
    ['POST /v1/events', '{', /JSON/],
    ['POST /v1/events', '[{"type":"x"}]', /not an event/],
    ['POST /v1/inbox', '{"headers":{},"body":"no base64!"}', /body/],
    ['POST /v1/parked', '{"id":"a","what":"burn"}', /what/],
    ['GET /v1/audit?from=-1&follow=false', '', /from/],
    ['GET /v1/audit?from=0&follow=perhaps', '', /follow/],
  ])('refuses %s %s with what is wrong', async (route, body, message) => {
    const [method = '', path = ''] = route.split(' ');
    const { status, text } = await send(method, path, body);
    expect(status).toBe(400);
    expect((JSON.parse(text) as { error: string }).error).toMatch(message);
  });

  it('refuses what is too large', async () => {
    const { status, text } = await send('POST', '/v1/events', `["${'x'.repeat(5 * 1024 * 1024)}"]`);
    expect([status, text]).toEqual([400, expect.stringMatching(/larger than/)]);
  });

  it('leaves no file behind', async () => {
    await server.close();
    expect(statSync(place, { throwIfNoEntry: false })).toBeUndefined();
  });
});
