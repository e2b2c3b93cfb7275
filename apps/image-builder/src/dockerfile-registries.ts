import { dockerfileImages } from '@keelson/builders';
import type { Plan } from '@keelson/pipeline';
import { parseImageReference } from '@keelson/registry';
import type { JobDeps } from './build-kind';
import { dockerfileOf } from './plan-dockerfile';

/** The registries that a builder reads what its Dockerfile names from. */
export async function registriesOfBases(deps: JobDeps, plan: Plan, signal: AbortSignal): Promise<readonly string[]> {
  const text = (await dockerfileOf(deps, plan, signal)) ?? '';
  const { args = {} } = plan.pipeline.build;
  return [...dockerfileImages(text, args), frontendOf(text, args) ?? []].flat().flatMap((name) => {
    try {
      return [parseImageReference(name).registry];
    } catch {
      return []; // no name at all: the builder says best what is wrong with it
    }
  });
}

/** What BuildKit reads the Dockerfile with. */
const frontendOf = (text: string, { BUILDKIT_SYNTAX }: Readonly<Record<string, string>>): string | undefined =>
  BUILDKIT_SYNTAX ?? /^#\s*syntax\s*=\s*(\S+)/im.exec(text)?.[1];
