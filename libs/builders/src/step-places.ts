import type { BuildStep } from './build-progress';
import { readDockerfile } from './dockerfile';
import type { Dockerfile, Instruction } from './dockerfile';

/** Instructions that builders tell as steps. */
const cached = new Set(['RUN', 'COPY', 'ADD', 'WORKDIR']);

/**
 * A stage as a step tells it, apart from the platform that it is built for: `linux/arm64 build`, `linux/amd64->arm64 build`. No stage's name has
 * a slash. The only stage of a Dockerfile has no name beside the platform: it is the first one.
 */
export function stageOf(told: string): { platform: string; name: string } {
  const [first = '', ...more] = told.split(' ');
  return first.includes('/') ? { platform: first, name: more.join(' ') || '0' } : { platform: '', name: told };
}

/** Which instruction of a Dockerfile a step is. */
export class StepPlaces {
  /** How many instructions of a stage were passed, by its platform and its place in the Dockerfile. */
  readonly #done = new Map<string, number>();

  constructor(readonly file: Dockerfile) {}

  /** BuildKit says `build`, `stage-1` or `linux/arm64 build`, in lower case; the others the stage's number or name. -1 for none. */
  stageAt(told: string): number {
    const name = stageOf(told).name.toLowerCase();
    const { stages } = this.file;
    const byName = stages.findIndex((stage) => stage.name?.toLowerCase() === name);
    if (byName >= 0) return byName;
    const number = /^(?:stage-)?(\d+)$/.exec(name)?.[1];
    return number === undefined || Number(number) >= stages.length ? -1 : Number(number);
  }

  /** The instruction that the next step of a stage is: the builders tell them in order, but not all of them tell WORKDIR. */
  next({ stage, text }: Pick<BuildStep, 'stage' | 'text'>): Instruction | undefined {
    const at = this.stageAt(stage);
    const keyword = /^\w+/.exec(text)?.[0]?.toUpperCase();
    const instructions = this.file.stages[at]?.instructions ?? [];
    const key = `${stageOf(stage).platform} ${at}`;
    const from = this.#done.get(key) ?? 0;
    const place = instructions.findIndex(
      (one, index) => index >= from && cached.has(one.keyword) && one.keyword === keyword,
    );
    if (place < 0) return undefined;
    this.#done.set(key, place + 1);
    return instructions[place];
  }
}

/** The line of the step that failed, which is the last of its text; of a base, that of its FROM. Undefined where it cannot be told. */
export function lineOfStep(dockerfile: string, steps: readonly BuildStep[], failed: string): number | undefined {
  const file = readDockerfile(dockerfile);
  const base = /^FROM (\S+)/.exec(failed)?.[1];
  if (base !== undefined) return file.stages.find((stage) => stage.base === base)?.from.line;
  const places = new StepPlaces(file);
  let line: number | undefined;
  for (const step of steps) {
    const instruction = places.next(step);
    if (step.text === failed) line = instruction?.line;
  }
  return line;
}
