import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { OutsideMessage } from './bus';

/** A message as an outsider makes it. */
export type Offered = Pick<OutsideMessage, 'contentType' | 'headers' | 'body'>;

/** The message as it is kept: header names in lower case, and its id. */
export function outsideMessage(offered: Offered, receivedAtMs: number): OutsideMessage {
  const headers = Object.fromEntries(
    Object.entries(offered.headers).map(([name, value]) => [name.toLowerCase(), value] as const),
  );
  const { contentType, body } = offered;
  const type = contentType === undefined ? {} : { contentType };
  return { id: idOf({ ...type, headers, body }), ...type, headers, body, receivedAtMs };
}

function idOf({ contentType, headers, body }: Offered): string {
  const sorted = Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash('sha256');
  hash.update(`${JSON.stringify([contentType ?? null, sorted])}\n`);
  return hash.update(body).digest('hex');
}

const storedMessage = z.object({
  contentType: z.string().exactOptional(),
  headers: z.record(z.string(), z.string()),
  body: z.base64(),
  receivedAtMs: z.number(),
});

/** For a place that takes text: a table's row, a line of JSON. */
export function outsideMessageJson({ contentType, headers, body, receivedAtMs }: OutsideMessage): string {
  return JSON.stringify({ contentType, headers, body: Buffer.from(body).toString('base64'), receivedAtMs });
}

/** What `outsideMessageJson` wrote. @throws z.ZodError or SyntaxError when it is something else */
export function parseOutsideMessage(json: string): OutsideMessage {
  const { receivedAtMs, body, ...rest } = storedMessage.parse(JSON.parse(json));
  return outsideMessage({ ...rest, body: Buffer.from(body, 'base64') }, receivedAtMs);
}
