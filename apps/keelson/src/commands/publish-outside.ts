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
    for (const [at, body] of bodies.entries()) {
      await bus.offer({ contentType: 'application/json', headers: {}, body });
      const [file, sizeBytes] = [files[at], body.byteLength];
      if (context.isJson) await writeJson(context, { file, sizeBytes });
      else await context.output.write(printableText(`put ${file} into the inbox, ${sizeBytes} bytes`));
    }
    if (!bus.isLive && !context.isJson)
      await context.problems.write(
        'keelson: none is running on this data directory: it is looked at by the next `keelson up`',
      );
  } finally {
    await bus.close();
  }
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
