import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { describeFaults, maxPipelineBytes, parsePipeline, pipelineFile } from '@keelson/pipeline';
import type { Fault } from '@keelson/pipeline';
import { errorCode, messageOf } from '../error-code';
import { UsageError } from '../usage-error';
import { writeJson } from './context';
import type { Context } from './context';

/** `keelson check [FILE]`: every fault with line and column. Returns the exit status: 1 when there are faults. */
export async function check(context: Context, place: string): Promise<number> {
  const file = (await isDirectory(place)) ? path.join(place, pipelineFile) : place;
  const faults = await faultsOf(file);
  if (context.isJson) await writeJson(context, { file, faults });
  else await context.output.write(faults.length === 0 ? `${file} is fine` : describeFaults(faults, file));
  return faults.length === 0 ? 0 : 1;
}

async function faultsOf(file: string): Promise<readonly Fault[]> {
  const { bytes, sizeBytes } = await readBounded(file);
  if (sizeBytes > maxPipelineBytes) return [tooLarge(sizeBytes)];
  const parsed = parsePipeline(bytes, { column: 'machine' });
  return parsed.ok ? [] : parsed.faults;
}

const tooLarge = (sizeBytes: number): Fault => ({
  ...{ line: 1, column: 1, path: '' },
  message: `the file has ${sizeBytes} bytes; a pipeline file may have at most ${maxPipelineBytes}`,
});

/** A file that is too large is not read, only its size told. A device or pipe may have any: of it one byte too many is read. */
async function readBounded(file: string): Promise<{ bytes: Uint8Array; sizeBytes: number }> {
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      if (size > maxPipelineBytes) return { bytes: Buffer.alloc(0), sizeBytes: size };
      const buffer = Buffer.alloc(maxPipelineBytes + 1);
      const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength);
      return { bytes: buffer.subarray(0, bytesRead), sizeBytes: bytesRead };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new UsageError(
      errorCode(cause) === 'ENOENT'
        ? `there is no ${file}; \`keelson init\` writes a ${pipelineFile} that fits the repository`
        : `${file} cannot be read: ${messageOf(cause)}`,
      { cause },
    );
  }
}

const isDirectory = (place: string): Promise<boolean> =>
  stat(place).then(
    (found) => found.isDirectory(),
    () => false, // not there, or not for us: reading it says so
  );
