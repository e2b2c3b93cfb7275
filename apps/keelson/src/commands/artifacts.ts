import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readArtifact, runName, viewRun } from '@keelson/ledger';
import { UsageError } from '../usage-error';
import { writeJson } from './context';
import type { Context } from './context';
import { findRun } from './find-run';

/** `keelson artifacts RUN [--to DIR]`: fetches the files kept with a run's last attempt that kept any. */
export async function artifacts(
  context: Context,
  run: string,
  options: { to: string; attempt?: number },
): Promise<void> {
  const id = await findRun(context.ledger, run);
  const attempts = (await viewRun(context.ledger, id))?.attempts ?? [];
  const chosen =
    options.attempt === undefined
      ? attempts.findLast(({ artifacts: kept }) => kept.length > 0)
      : attempts.find(({ attempt }) => attempt === options.attempt);
  if (chosen === undefined || chosen.artifacts.length === 0) {
    throw new UsageError(`${runName(id)} kept no files; test.artifacts in the pipeline file says which to keep`);
  }
  const root = path.resolve(options.to);
  for (const artifact of chosen.artifacts) {
    const target = path.resolve(root, artifact.path);
    if (!target.startsWith(root + path.sep)) throw new UsageError(`the artifact ${artifact.path} would leave ${root}`);
    await mkdir(path.dirname(target), { recursive: true });
    await pipeline(Readable.from(readArtifact(context.ledger.store, artifact)), createWriteStream(target));
    await (context.isJson ? writeJson(context, { ...artifact, file: target }) : context.output.write(target));
  }
}
