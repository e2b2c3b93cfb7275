import { z } from 'zod';
import { shownUrl } from './http-exchange';
import type { HttpReply } from './http-exchange';
import { networkError } from './network-error';
import { RegistryProtocolError, RegistryUnavailableError } from './registry-errors';

/** What a body may be, and how long reading it may take. */
export type BodyLimits = { maxBytes: number; wholeMs: number };

/** Reads a small body whole. @throws RegistryProtocolError when it is larger, RegistryUnavailableError when it does not end in time */
export async function readBytes(reply: HttpReply, limits: BodyLimits, signal: AbortSignal): Promise<Buffer> {
  const what = shownUrl(reply.url);
  const deadline = setTimeout(() => {
    reply.body.destroy(new RegistryUnavailableError(`${what}: the answer did not end within ${limits.wholeMs} ms`));
  }, limits.wholeMs);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of bytesOf(reply, signal)) {
      size += chunk.byteLength;
      if (size > limits.maxBytes)
        throw new RegistryProtocolError(`${what}: the answer is larger than ${limits.maxBytes} bytes`);
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(deadline);
  }
  return Buffer.concat(chunks);
}

/** The body as it comes. Leaving the loop early ends the connection. @throws RegistryUnavailableError when it breaks */
export async function* bytesOf(reply: HttpReply, signal: AbortSignal): AsyncIterable<Uint8Array> {
  try {
    for await (const chunk of reply.body) yield chunk as Uint8Array;
  } catch (error) {
    throw networkError(error, shownUrl(reply.url), signal);
  }
}

/** Reads the body and checks its shape. @throws as readBytes, and RegistryProtocolError when it has another shape */
export async function readJson<T>(
  reply: HttpReply,
  form: BodyLimits & { schema: z.ZodType<T> },
  signal: AbortSignal,
): Promise<T> {
  return parseJson(await readBytes(reply, form, signal), form.schema, shownUrl(reply.url));
}

/** @param what names the bytes in the message @throws RegistryProtocolError */
export function parseJson<T>(bytes: Uint8Array, schema: z.ZodType<T>, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (cause) {
    throw new RegistryProtocolError(`${what}: not JSON`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new RegistryProtocolError(`${what}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'malformed'}`);
}

const registryErrors = z.object({
  errors: z.array(z.object({ code: z.string(), message: z.string().optional() })).max(1000),
});

/** What the registry says went wrong: its codes, and a text for messages ('' when it says nothing). Never throws. */
export async function readFault(
  reply: HttpReply,
  signal: AbortSignal,
): Promise<{ codes: readonly string[]; text: string }> {
  try {
    const limits = { maxBytes: 64 * 1024, wholeMs: 5000 };
    const { errors } = await readJson(reply, { ...limits, schema: registryErrors }, signal);
    const text = errors.map(({ code, message }) => (message ? `${code}: ${message}` : code)).join('; ');
    return { codes: errors.map((error) => error.code), text: printable(text) };
  } catch {
    // Proxies and gateways answer in HTML; then the status has to do.
    return { codes: [], text: '' };
  }
}

// From outside, into terminals and logs.
const printable = (text: string): string => text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 300);
