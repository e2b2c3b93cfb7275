import { z } from 'zod';
import { MalformedEventError } from './malformed-event-error';

/** What a CloudEvent says around its data; of a bare CDEvent all of it is undefined, and `data` is the CDEvent. */
export type Envelope = { id?: string; source?: string; type?: string; time?: string | undefined; data: unknown };

/** The bytes of a message and what they are said to be. */
export type OutsideBody = {
  contentType?: string;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
};

const attributes = {
  specversion: z.string().regex(/^(?:0\.3|1\.\d+)$/, 'a CloudEvents version that is not known here'),
  id: z.string().min(1),
  source: z.string().min(1),
  type: z.string().min(1),
  time: z.string().optional(),
};
const structured = z.object({ ...attributes, data: z.unknown().optional(), data_base64: z.string().optional() });
const binary = z.object(attributes);

/** The AMQP binding's two prefixes, and the one of HTTP, which people use by mistake. */
const prefixes = ['cloudevents:', 'cloudevents_', 'ce-', 'ce_'];

/** Takes a message apart: a structured or binary CloudEvent, or JSON that is meant to be a CDEvent. @throws MalformedEventError */
export function readEnvelope({ contentType = '', headers, body }: OutsideBody): Envelope {
  const mediaType = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (mediaType.startsWith('application/cloudevents-batch'))
    throw new MalformedEventError('a batch of events: send each in a message of its own');
  const given = cloudEventsHeaders(headers);
  if (given !== undefined && !mediaType.startsWith('application/cloudevents')) {
    return { ...checked(binary, given, 'the CloudEvents headers'), data: decode(body) };
  }
  const decoded = decode(body);
  if (!isObject(decoded)) throw new MalformedEventError('the body is JSON, but no object');
  return 'specversion' in decoded ? ofStructured(decoded) : { data: decoded };
}

function ofStructured(decoded: object): Envelope {
  const { data, data_base64: base64, ...frame } = checked(structured, decoded, 'the CloudEvent');
  if (base64 !== undefined) return { ...frame, data: decode(Buffer.from(base64, 'base64')) };
  // Some clients put the data's JSON into a string.
  return { ...frame, data: typeof data === 'string' ? decode(Buffer.from(data)) : data };
}

/** CloudEvents attributes from headers, without their prefix; undefined when there are none. */
function cloudEventsHeaders(headers: OutsideBody['headers']): Record<string, string> | undefined {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const prefix = prefixes.find((each) => name.toLowerCase().startsWith(each));
    if (prefix !== undefined) found[name.slice(prefix.length).toLowerCase()] = value;
  }
  return 'specversion' in found || 'type' in found ? found : undefined;
}

/** @throws MalformedEventError naming the faulty fields of `what` */
export function checked<T extends z.ZodType>(schema: T, value: unknown, what: string): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new MalformedEventError(`${what} is not complete: ${z.prettifyError(parsed.error).slice(0, 500)}`, {
    cause: parsed.error,
  });
}

function decode(body: Uint8Array): unknown {
  if (body.byteLength === 0) throw new MalformedEventError('the body is empty');
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new MalformedEventError('the body is not JSON in UTF-8', { cause });
  }
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
