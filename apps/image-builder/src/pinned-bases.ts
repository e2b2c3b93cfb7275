import { dockerfileImages } from '@keelson/builders';
import type { BuildReport } from '@keelson/ledger';
import type { Plan } from '@keelson/pipeline';
import { InvalidReferenceError, movableName, parseImageReference } from '@keelson/registry';
import type { ImageReference } from '@keelson/registry';
import type { JobDeps } from './build-kind';
import { dockerfileOf } from './plan-dockerfile';

type Bases = BuildReport['bases'];

/**
 * The bases, with the digest in the name of each that the Dockerfile names by it. A builder that tells every base's digest does not tell
 * which of them its author had pinned, and these must not be watched: whatever the tag beside the digest does, they stay.
 */
export async function pinnedBases(
  deps: JobDeps,
  { plan, bases }: { plan: Plan; bases: Bases },
  signal: AbortSignal,
): Promise<Bases> {
  if (bases.every(({ reference, digest }) => digest === undefined || movableName(reference) === undefined))
    return bases;
  try {
    const names = dockerfileImages((await dockerfileOf(deps, plan, signal)) ?? '', plan.pipeline.build.args ?? {});
    return bases.map((base) =>
      isPinned(base, names) ? { ...base, reference: `${base.reference}@${base.digest}` } : base,
    );
  } catch (error) {
    if (signal.aborted) throw error;
    deps.work.warn('nobody can say which bases are pinned', { run: plan.run, error: String(error) });
    return bases;
  }
}

/** By its digest in one stage and by the tag alone in another, it moves. */
function isPinned({ reference, digest }: Bases[number], names: readonly string[]): boolean {
  const [told, movable] = [parsed(reference), movableName(reference)];
  if (told === undefined || movable === undefined || digest === undefined) return false;
  if (names.some((name) => movableName(name) === movable)) return false;
  return names.map(parsed).some((name) => name?.digest === digest && isSamePlace(name, told));
}

const isSamePlace = (one: ImageReference, other: ImageReference): boolean =>
  one.registry === other.registry && one.repository === other.repository;

function parsed(name: string): ImageReference | undefined {
  try {
    return parseImageReference(name);
  } catch (error) {
    if (error instanceof InvalidReferenceError) return undefined; // no name at all: the builder says best what is wrong with it
    throw error;
  }
}
