import { dockerfileImages } from '@keelson/builders';
import type { Plan } from '@keelson/pipeline';
import { parseImageReference } from '@keelson/registry';
import type { JobDeps } from './build-kind';
import { dockerfileOf } from './plan-dockerfile';

/** The registries that a builder reads what its Dockerfile names from. */
export async function registriesOfBases(deps: JobDeps, plan: Plan, signal: AbortSignal): Promise<readonly string[]> {
  const text = (await dockerfileOf(deps, plan, signal)) ?? '';
  const { args = {} } = plan.pipeline.build;
  return [...dockerfileImages(text, args), ...buildkitImages(text, args)].flatMap((name) => {
    try {
      return [parseImageReference(name).registry];
    } catch {
      return []; // no name at all: the builder says best what is wrong with it
    }
  });
}

/** What BuildKit reads besides: what reads the Dockerfile itself, and what steps mount that is no stage of it. */
function buildkitImages(text: string, { BUILDKIT_SYNTAX }: Readonly<Record<string, string>>): readonly string[] {
  const syntax = BUILDKIT_SYNTAX ?? /^#\s*syntax\s*=\s*(\S+)/im.exec(text)?.[1];
  const stages = new Set(wordsIn(text, /^[ \t]*FROM\s.*\sAS\s+(\S+)/gim).map((name) => name.toLowerCase()));
  const isStage = (from: string) => /^\d+$/.test(from) || stages.has(from.toLowerCase());
  const mounted = wordsIn(text, /--mount=(?:[^\s,]+,)*from=([^\s,]+)/g).filter((from) => !isStage(from));
  return [...(syntax === undefined ? [] : [syntax]), ...mounted];
}

const wordsIn = (text: string, form: RegExp): readonly string[] =>
  [...text.matchAll(form)].map(([, word = '']) => word);
