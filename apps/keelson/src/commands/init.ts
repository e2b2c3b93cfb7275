import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { initPipeline, pipelineFile } from '@keelson/pipeline';
import { UsageError } from '../usage-error';
import type { Context } from './context';

/** `keelson init [PATH]`: writes a pipeline file that fits the repository. Never replaces one. */
export async function init(context: Context, directory: string): Promise<void> {
  const listing = await readdir(directory).catch((cause: unknown) => {
    throw new UsageError(`${directory} cannot be listed: ${String(cause)}`, { cause });
  });
  const read = (name: string) =>
    listing.includes(name)
      ? readFile(path.join(directory, name), 'utf8').catch(() => undefined)
      : Promise.resolve(undefined);
  const text = await initPipeline(read, listing);
  const file = path.join(directory, pipelineFile);
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (cause) {
    const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
    throw new UsageError(
      exists
        ? `${file} is there already; \`keelson check\` validates it`
        : `${file} cannot be written: ${String(cause)}`,
      { cause },
    );
  }
  await context.output.write(`wrote ${file}: read it, commit it, and \`keelson up\` runs it`);
}
