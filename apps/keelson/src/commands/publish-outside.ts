import { readFile } from 'node:fs/promises';
import { openBusAccess } from '../bus-access';
import { errorCode } from '../error-code';
import { printableText } from '../report/printable';
import { UsageError } from '../usage-error';
import { writeJson } from './context';
import type { Asking } from './context';

/**
 * `keelson events publish FILE...`: puts events into the inbox, as a tool outside does. What they say is looked at by the watcher,
 * not here: what cannot be taken is parked, and says why.
 */
export async function publishOutside(context: Asking, files: readonly string[]): Promise<void> {
  const bodies = await Promise.all(files.map(read));
  const bus = await openBusAccess(context.data, context.signal);
  try {
    for (let at = 0; at < bodies.length; at += atOnce) {
      await Promise.all(bodies.slice(at, at + atOnce).map((body) => bus.offer({ contentType, headers: {}, body })));
      for (const [file, body] of pairs(files, bodies).slice(at, at + atOnce)) await told(context, file, body);
    }
    if (!bus.isLive && !context.isJson)
      await context.problems.write(
        'keelson: none is running on this data directory: it is looked at by the next `keelson up`',
      );
  } finally {
    await bus.close();
  }
}

const contentType = 'application/json';
/** In flight together: one flush of the store confirms many. */
const atOnce = 64;

const pairs = (files: readonly string[], bodies: readonly Uint8Array[]) =>
  bodies.map((body, at) => [files[at] ?? '', body] as const);

function told(context: Asking, file: string, { byteLength: sizeBytes }: Uint8Array): Promise<void> {
  if (context.isJson) return writeJson(context, { file, sizeBytes });
  return context.output.write(printableText(`put ${file} into the inbox, ${sizeBytes} bytes`));
}

async function read(file: string): Promise<Uint8Array> {
  try {
    return file === '-' ? await standardInput() : await readFile(file);
  } catch (cause) {
    throw new UsageError(`${file} cannot be read (${errorCode(cause) ?? String(cause)}): name a file with an event`, {
      cause,
    });
  }
}

async function standardInput(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
