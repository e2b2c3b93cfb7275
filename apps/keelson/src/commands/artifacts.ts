import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readArtifact, runName, viewRun } from '@keelson/ledger';
import type { AttemptView } from '@keelson/ledger';
import { printableText } from '../report/printable';
import { UsageError } from '../usage-error';
import { writeJson } from './context';
import type { Asking } from './context';
import { findRun } from './find-run';

export type ArtifactsOptions = { to?: string; attempt?: number };

/** `keelson artifacts RUN [--to DIR]`: fetches the files kept with a run, of its last attempt that kept any. */
export async function artifacts(context: Asking, run: string, { to, attempt }: ArtifactsOptions): Promise<void> {
  const { ledger, signal } = context;
  const id = await findRun(ledger, run);
  // A directory of the run's own by default: nothing of the person's is overwritten.
  const root = path.resolve(to ?? runName(id));
  for (const artifact of chosen((await viewRun(ledger, id))?.attempts ?? [], attempt, runName(id))) {
    const target = path.resolve(root, artifact.path);
    if (!isBelow(root, target)) {
      throw new UsageError(`the artifact ${JSON.stringify(artifact.path)} would leave ${root}`);
    }
    await mkdir(path.dirname(target), { recursive: true });
    await pipeline(Readable.from(readArtifact(ledger.store, artifact)), createWriteStream(target), { signal });
    const { sizeBytes } = artifact;
    await (context.isJson
      ? writeJson(context, { path: artifact.path, sizeBytes, file: target })
      : context.output.write(`${printableText(target)}  ${sizeBytes} bytes`));
  }
}

/** @throws UsageError when nothing was kept */
function chosen(attempts: readonly AttemptView[], attempt: number | undefined, name: string): AttemptView['artifacts'] {
  const found =
    attempt === undefined
      ? attempts.findLast(({ artifacts: kept }) => kept.length > 0)
      : attempts.find((each) => each.attempt === attempt);
  if (found !== undefined && found.artifacts.length > 0) return found.artifacts;
  const of = attempt === undefined ? name : `attempt ${attempt} of ${name}`;
  throw new UsageError(`${of} kept no files; test.artifacts in the pipeline file says which to keep`);
}

function isBelow(root: string, target: string): boolean {
  const [first] = path.relative(root, target).split(path.sep);
  return first !== '' && first !== '..';
}
