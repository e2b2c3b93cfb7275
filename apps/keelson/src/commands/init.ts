import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { NoRepositoryError, openRepository } from '@keelson/git';
import { initPipeline, pipelineFile } from '@keelson/pipeline';
import { errorCode, messageOf } from '../error-code';
import { UsageError } from '../usage-error';
import { writeJson } from './context';
import type { Context } from './context';

/** `keelson init [PATH]`: writes a pipeline file that fits the repository, at its top. Never replaces one. */
export async function init(context: Context, directory: string): Promise<void> {
  const top = await topOf(directory);
  const listing = await readdir(top);
  const read = (name: string) =>
    listing.includes(name) ? readFile(path.join(top, name), 'utf8').catch(() => undefined) : Promise.resolve(undefined);
  const file = path.join(top, pipelineFile);
  await writeNew(file, await initPipeline(read, listing));
  if (context.isJson) return writeJson(context, { file });
  await context.output.write(`wrote ${file}: read it, commit it, and \`keelson up\` runs it with every commit`);
}

/** @throws UsageError where there is no working copy */
async function topOf(directory: string): Promise<string> {
  try {
    const { workTree } = await openRepository(path.resolve(directory), { upwards: true });
    if (workTree !== undefined) return workTree;
  } catch (cause) {
    if (cause instanceof NoRepositoryError) throw new UsageError(cause.message, { cause });
    throw cause;
  }
  throw new UsageError(`${directory} is a bare repository: write ${pipelineFile} in a working copy of it`);
}

async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (cause) {
    throw new UsageError(
      errorCode(cause) === 'EEXIST'
        ? `${file} is there already; \`keelson check\` validates it`
        : `${file} cannot be written: ${messageOf(cause)}`,
      { cause },
    );
  }
}
