import type { BuildStep } from './build-progress';
import { contextFiles, firstChange } from './context-files';
import type { FileChange, Files } from './context-files';
import { readDockerfile } from './dockerfile';
import type { Dockerfile, DockerfileStage, Instruction } from './dockerfile';
import { filled } from './dockerfile-bases';
import { imageName } from './image-name';
import { readsOf } from './instruction-reads';
import { stageOf, StepPlaces } from './step-places';

/** All that can make a step run again. */
export type BuildInputs = {
  dockerfile: string;
  /** Text of `.dockerignore`; '' for none. */
  ignore: string;
  context: string;
  args: Readonly<Record<string, string>>;
  files: Files;
  bases: readonly { reference: string; digest?: string | undefined }[];
};

export type ExplainedStep = BuildStep & { because?: string };

/** For each step that was run, the first input that had changed since the build before; `unknown` with what is known about that. */
export function cacheCauses(
  steps: readonly BuildStep[],
  now: BuildInputs,
  before: BuildInputs | undefined,
): readonly ExplainedStep[] {
  const explaining = new Explaining(now, before);
  return steps.map((step) => explaining.explain(step));
}

type Parsed = { inputs: BuildInputs; file: Dockerfile; files: Files };
const parse = (inputs: BuildInputs): Parsed => ({
  inputs,
  file: readDockerfile(inputs.dockerfile),
  files: contextFiles(inputs.files, inputs),
});

/** Where a step is: its stage, by its place in the Dockerfile, and the platform that it was built for, '' for the only one. */
type Place = { at: number; platform: string };

class Explaining {
  readonly #now: Parsed;
  readonly #before: Parsed | undefined;
  readonly #places: StepPlaces;
  /** The first step of a stage that was run again, by platform; undefined while all were in the cache. */
  readonly #missed = new Map<number, Map<string, string | undefined>>();

  constructor(now: BuildInputs, before: BuildInputs | undefined) {
    this.#now = parse(now);
    this.#places = new StepPlaces(this.#now.file);
    this.#before = before === undefined ? undefined : parse(before);
  }

  explain(step: BuildStep): ExplainedStep {
    const place = { at: this.#places.stageAt(step.stage), platform: stageOf(step.stage).platform };
    const instruction = this.#places.next(step);
    const earlier = this.#pass(place, step);
    if (step.cache === 'hit') return step;
    if (earlier !== undefined) return { ...step, because: `an earlier step was run again: ${earlier}` };
    return {
      ...step,
      because: instruction === undefined ? unknown('it is not in the Dockerfile') : this.#cause(place, instruction),
    };
  }

  /** Which step of its stage was run again before it. */
  #pass({ at, platform }: Place, { cache, text }: BuildStep): string | undefined {
    if (at < 0) return undefined;
    const missed = this.#missed.get(at) ?? new Map<string, string | undefined>();
    this.#missed.set(at, missed);
    const earlier = missed.get(platform);
    missed.set(platform, earlier ?? (cache === 'miss' ? text : undefined));
    return earlier;
  }

  #cause(place: Place, instruction: Instruction): string {
    const stage = this.#now.file.stages[place.at];
    const before = this.#before;
    if (stage === undefined) return unknown('it is not in the Dockerfile');
    if (before === undefined) return unknown('there is no build before to compare with');
    const was = stageBefore(before.file, stage, place.at);
    if (was === undefined) return 'the stage is new';
    return (
      this.#baseCause(place, baseIn(this.#now, stage), baseIn(before, was)) ??
      textCause(upTo(stage, instruction), was.instructions) ??
      argumentCause(this.#now, before, upTo(stage, instruction)) ??
      this.#sourceCause(place, instruction, before) ??
      unknown('nothing that it reads had changed; the cache may have lost it')
    );
  }

  #baseCause(place: Place, base: string, was: string): string | undefined {
    const run = this.#runAgain(base, place);
    if (run !== undefined) return run;
    const name = imageName(base);
    if (name !== imageName(was)) return `the base is ${base}, it was ${was}`;
    const digestIn = (parsed: Parsed | undefined) =>
      parsed?.inputs.bases.find(({ reference }) => imageName(reference) === name)?.digest;
    const [before, now] = [digestIn(this.#before), digestIn(this.#now)];
    if (before === undefined || now === undefined || before === now) return undefined;
    return `the base ${base} moved from ${short(before)} to ${short(now)}`;
  }

  #sourceCause(place: Place, instruction: Instruction, before: Parsed): string | undefined {
    const { from, paths } = readsOf(instruction);
    const run = from.map((name) => this.#runAgain(name, place)).find((cause) => cause !== undefined);
    if (run !== undefined) return run;
    const change = firstChange(before.files, this.#now.files, inContext(paths, this.#now));
    return change === undefined ? undefined : fileText(change);
  }

  /** A stage before, by name or number, of which something was run again: for the same platform, or for the one that it was compiled on. */
  #runAgain(name: string, { at: before, platform }: Place): string | undefined {
    const at = this.#now.file.stages
      .slice(0, before)
      .findIndex((stage, place) => isNamed(stage, name) || String(place) === name);
    const missed = this.#missed.get(at);
    const text = missed?.has(platform) === true ? missed.get(platform) : anyOf(missed);
    return text === undefined ? undefined : `the stage ${name} was run again: ${text}`;
  }
}

const anyOf = (missed: ReadonlyMap<string, string | undefined> | undefined): string | undefined =>
  [...(missed?.values() ?? [])].find((text) => text !== undefined);

const unknown = (why: string): string => `unknown: ${why}`;
const short = (digest: string): string => digest.replace(/^sha256:/, '').slice(0, 12);

const isNamed = (stage: DockerfileStage, name: string): boolean => stage.name?.toLowerCase() === name.toLowerCase();

const baseIn = ({ file, inputs }: Parsed, stage: DockerfileStage): string => filled(stage, file, inputs.args);

const stageBefore = (file: Dockerfile, { name }: DockerfileStage, at: number): DockerfileStage | undefined =>
  name === undefined ? file.stages[at] : file.stages.find((stage) => isNamed(stage, name));

const upTo = ({ instructions }: DockerfileStage, instruction: Instruction): readonly Instruction[] =>
  instructions.slice(0, instructions.indexOf(instruction) + 1);

const textOf = ({ keyword, rest }: Instruction): string => `${keyword} ${rest}`;

function textCause(now: readonly Instruction[], before: readonly Instruction[]): string | undefined {
  for (const [at, instruction] of now.entries()) {
    const was = before[at];
    if (was !== undefined && textOf(was) === textOf(instruction)) continue;
    const isItself = at === now.length - 1;
    const where = isItself ? 'the instruction' : `line ${instruction.line}`;
    return was === undefined ? `${where} is new` : `${where} changed, it was: ${textOf(was)}`;
  }
  return undefined;
}

/** The values of the build arguments that are declared by then. */
function argumentsOf({ inputs, file }: Parsed, declared: readonly Instruction[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const { keyword, rest } of [...file.globals, ...declared]) {
    const [, name, standard] = keyword === 'ARG' ? (/^(\w+)(?:=(.*))?$/s.exec(rest) ?? []) : [];
    if (name !== undefined) values.set(name, inputs.args[name] ?? standard ?? values.get(name) ?? '');
  }
  return values;
}

function argumentCause(now: Parsed, before: Parsed, declared: readonly Instruction[]): string | undefined {
  const were = argumentsOf(before, declared);
  for (const [name, value] of argumentsOf(now, declared)) {
    const was = were.get(name);
    if (was !== undefined && was !== value)
      return `the build argument ${name} is ${JSON.stringify(value)}, it was ${JSON.stringify(was)}`;
  }
  return undefined;
}

/** Build arguments filled in; what comes from elsewhere is not in the context. */
function inContext(paths: readonly string[], now: Parsed): readonly string[] {
  const values = argumentsOf(
    now,
    now.file.stages.flatMap(({ instructions }) => instructions),
  );
  return paths
    .map((path) => path.replace(/\$\{?(\w+)\}?/g, (written, name: string) => values.get(name) ?? written))
    .filter((path) => !path.startsWith('<<') && !/^(?:https?|git):/.test(path));
}

function fileText({ path, before, now }: FileChange): string {
  if (before === undefined) return `the file ${path} is new (${short(now ?? '')})`;
  if (now === undefined) return `the file ${path} is gone (it was ${short(before)})`;
  return `the file ${path} changed from ${short(before)} to ${short(now)}`;
}
