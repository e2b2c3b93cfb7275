import type { JobEnd } from '@keelson/jobs';
import { endsAtBuild } from '@keelson/ledger';
import type { ManifestRecord } from '@keelson/pipeline';
import { parseImageReference } from '@keelson/registry';
import type { Verdict } from '@keelson/work';
import type { JobDeps } from './build-kind';
import type { EndedBuild } from './job-build';
import type { ReadBack } from './read-back';
import { recordPushed } from './record-image';

type TemplateEnded = EndedBuild & { record: ManifestRecord; readBack: ReadBack };

/** What became of a template's build: from its Job's end, and from the registry where an image was to be pushed. */
export async function templateVerdict(deps: JobDeps, build: TemplateEnded, signal: AbortSignal): Promise<Verdict> {
  const { end } = build.work;
  if (end.kind !== 'exited' || end.code !== 0) return unsuccessful(end, build.record.file);
  const { image: name } = build.record;
  if (name !== undefined)
    return build.readBack.verdict(build.work.name, () => pushed(deps, { build, name }, signal), signal);
  const message = 'the pipeline file names no image: the build is all there is';
  return { outcome: 'success', exitCode: 0, reason: { code: endsAtBuild, message } };
}

async function pushed(
  deps: JobDeps,
  { build, name }: { build: TemplateEnded; name: string },
  signal: AbortSignal,
): Promise<Verdict> {
  const image = await recordPushed(deps, { ...build, pushed: parseImageReference(name) }, signal);
  if (image !== undefined) return { outcome: 'success', exitCode: 0, image };
  const message = `the Job of ${build.record.file} ended well, and ${name} is not in the registry: that is what it has to push`;
  return { ...failure('image-not-pushed', message), exitCode: 0 };
}

function unsuccessful(end: JobEnd, file: string): Verdict {
  switch (end.kind) {
    case 'exited':
      return { ...failure('exit-code', `the Job of ${file} ended with exit code ${end.code}`), exitCode: end.code };
    case 'timeout':
      return failure('timeout', `the Job of ${file} took longer than builds may take`);
    case 'unstartable':
      return failure('unstartable', end.message);
    case 'cluster':
      return end.fault === 'user' ? failure(end.cause, end.message) : error(end.cause, end.message);
    case 'signalled':
      return error('killed', `the Job of ${file} was cut short by ${end.signal}`);
    case 'lost':
      return error('lost', end.message);
  }
}

const failure = (code: string, message: string): Verdict => ({ outcome: 'failure', reason: { code, message } });
const error = (code: string, message: string): Verdict => ({ outcome: 'error', reason: { code, message } });
