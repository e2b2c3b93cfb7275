import type { BuildStep } from './build-progress';
import { contextFiles, firstChange } from './context-files';
import type { FileChange, Files } from './context-files';
import { readDockerfile } from './dockerfile';
import type { Dockerfile, DockerfileStage, Instruction } from './dockerfile';
import { StepPlaces } from './step-places';

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

class Explaining {
  readonly #now: Parsed;
  readonly #before: Parsed | undefined;
  readonly #places: StepPlaces;
  /** The first step of a stage that was run again. */
  readonly #missed = new Map<number, string>();

  constructor(now: BuildInputs, before: BuildInputs | undefined) {
    this.#now = parse(now);
    this.#places = new StepPlaces(this.#now.file);
    this.#before = before === undefined ? undefined : parse(before);
  }

  explain(step: BuildStep): ExplainedStep {
    const at = this.#places.stageAt(step.stage);
    const instruction = this.#places.next(step);
    if (step.cache === 'hit') return step;
    const earlier = this.#missed.get(at);
    if (at >= 0 && earlier === undefined) this.#missed.set(at, step.text);
    if (earlier !== undefined) return { ...step, because: `an earlier step was run again: ${earlier}` };
    return {
      ...step,
      because: instruction === undefined ? unknown('it is not in the Dockerfile') : this.#cause(at, instruction),
    };
  }

  #cause(at: number, instruction: Instruction): string {
    const stage = this.#now.file.stages[at];
    const before = this.#before;
    if (stage === undefined) return unknown('it is not in the Dockerfile');
    if (before === undefined) return unknown('there is no build before to compare with');
    const was = stageBefore(before.file, stage, at);
    if (was === undefined) return 'the stage is new';
    return (
      this.#baseCause(stage, was) ??
      textCause(upTo(stage, instruction), was.instructions) ??
      argumentCause(this.#now, before, upTo(stage, instruction)) ??
      this.#sourceCause(instruction, before) ??
      unknown('nothing that it reads had changed; the cache may have lost it')
    );
  }

  #baseCause(stage: DockerfileStage, was: DockerfileStage): string | undefined {
    const run = this.#runAgain(stage.base);
    if (run !== undefined) return run;
    if (stage.base !== was.base) return `the base is ${stage.base}, it was ${was.base}`;
    const digestIn = (parsed: Parsed | undefined) =>
      parsed?.inputs.bases.find(({ reference }) => reference === stage.base)?.digest;
    const [before, now] = [digestIn(this.#before), digestIn(this.#now)];
    if (before === undefined || now === undefined || before === now) return undefined;
    return `the base ${stage.base} moved from ${short(before)} to ${short(now)}`;
  }

  #sourceCause({ keyword, rest }: Instruction, before: Parsed): string | undefined {
    const from = /--from=(\S+)/.exec(rest)?.[1];
    if (from !== undefined) return this.#runAgain(from);
    const readsContext = keyword === 'COPY' || keyword === 'ADD' || rest.includes('--mount=type=bind');
    if (!readsContext) return undefined;
    const change = firstChange(before.files, this.#now.files, keyword === 'RUN' ? ['.'] : sourcesOf(rest, this.#now));
    return change === undefined ? undefined : fileText(change);
  }

  /** A stage, by name or number, of which something was run again. */
  #runAgain(name: string): string | undefined {
    const at = this.#places.stageAt(name);
    const isStage = this.#now.file.stages.some((stage, place) => stage.name === name || String(place) === name);
    const missed = isStage ? this.#missed.get(at) : undefined;
    return missed === undefined ? undefined : `the stage ${name} was run again: ${missed}`;
  }
}

const unknown = (why: string): string => `unknown: ${why}`;
const short = (digest: string): string => digest.replace(/^sha256:/, '').slice(0, 12);

const stageBefore = (file: Dockerfile, stage: DockerfileStage, at: number): DockerfileStage | undefined =>
  stage.name === undefined ? file.stages[at] : file.stages.find(({ name }) => name === stage.name);

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

/** `--chown=1 a b /to` or `["a", "/to"]`: all but the last. */
function sourcesOf(rest: string, now: Parsed): readonly string[] {
  const plain = rest.replace(/^(?:--\S+\s+)*/, '');
  const words = plain.startsWith('[')
    ? [...plain.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1] ?? '')
    : plain.split(/\s+/);
  const values = argumentsOf(
    now,
    now.file.stages.flatMap(({ instructions }) => instructions),
  );
  const filled = words.map((word) =>
    word.replace(/\$\{?(\w+)\}?/g, (written, name: string) => values.get(name) ?? written),
  );
  return filled.slice(0, -1).filter((word) => !word.startsWith('<<') && !/^(?:https?|git):/.test(word));
}

function fileText({ path, before, now }: FileChange): string {
  if (before === undefined) return `the file ${path} is new (${short(now ?? '')})`;
  if (now === undefined) return `the file ${path} is gone (it was ${short(before)})`;
  return `the file ${path} changed from ${short(before)} to ${short(now)}`;
}
