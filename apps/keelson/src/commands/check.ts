import { open } from 'node:fs/promises';
import { describeFaults, maxPipelineBytes, parsePipeline, pipelineFile, unsupportedOn } from '@keelson/pipeline';
import { UsageError } from '../usage-error';
import { writeJson } from './context';
import type { Context } from './context';

/** `keelson check [FILE]`: every fault with line and column. Returns the exit status: 1 when there are faults. */
export async function check(context: Context, file: string): Promise<number> {
  const parsed = parsePipeline(await readBounded(file));
  const faults = parsed.ok ? unsupportedOn(parsed, 'machine') : parsed.faults;
  if (context.isJson) await writeJson(context, { file, faults });
  else await context.output.write(faults.length === 0 ? `${file} is fine` : describeFaults(faults, file));
  return faults.length === 0 ? 0 : 1;
}

/** At most one byte more than a pipeline file may have: what is larger is refused without being read. */
async function readBounded(file: string): Promise<Uint8Array> {
  try {
    const handle = await open(file, 'r');
    const buffer = Buffer.alloc(maxPipelineBytes + 1);
    const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, 0).finally(() => handle.close());
    return buffer.subarray(0, bytesRead);
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT' ? 'is not there' : String(cause);
    throw new UsageError(`${file} ${why}; \`keelson init\` writes a ${pipelineFile} that fits the repository`, {
      cause,
    });
  }
}
