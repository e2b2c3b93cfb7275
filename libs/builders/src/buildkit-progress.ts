import type { BuildFailure, BuildProgress, BuildStep, ProgressReader } from './build-progress';
import { buildkitStatus } from './buildkit-status';
import type { Vertex, VertexLog } from './buildkit-status';
import { failureClass } from './failure-class';
import { jsonLine } from './json-line';
import { LastLines } from './last-lines';

/** `[build 3/6] COPY go.mod ./`, `[2/2] RUN true`, `[linux/arm64 build 2/3] RUN true`; of ten steps or more the first are padded, `[ 3/12] RUN true`. */
const stepName = /^\[(?:([^\]\s]+(?: [^\]\s]+)?) +| +)?(\d+)\/\d+\] (.*)$/s;
const baseName = /^FROM (\S+?)(?:@(sha256:[0-9a-f]{64}))?$/;
const pushed = /^pushing manifest for \S+@(sha256:[0-9a-f]{64})$/;

/** Reads BuildKit's progress. A vertex is told several times, each time with more; the order of the first telling is the last step's first. */
export class BuildkitProgress implements ProgressReader {
  readonly #vertices = new Map<string, Vertex>();
  readonly #output = new Map<string, LastLines>();
  #digest: string | undefined;
  #line: number | undefined;
  #message: string | undefined;

  line(text: string): void {
    const told = jsonLine(text, buildkitStatus);
    if (told === undefined) return this.#words(text);
    for (const one of told.vertexes ?? []) this.#see(one);
    for (const { id } of told.statuses ?? []) this.#digest = pushed.exec(id)?.[1] ?? this.#digest;
    for (const one of told.logs ?? []) this.#print(one);
  }

  end(): BuildProgress {
    const failure = this.#failure();
    return {
      steps: inOrder([...this.#vertices.values()]),
      bases: this.#bases(),
      ...(this.#digest === undefined ? {} : { digest: this.#digest }),
      ...(failure === undefined ? {} : { failure }),
    };
  }

  #see(told: Vertex): void {
    const before = this.#vertices.get(told.digest);
    this.#vertices.set(told.digest, {
      ...before,
      ...told,
      ...(before?.cached === true ? { cached: true } : {}),
      // What was cut short because another step failed says so last.
      ...(before?.error === undefined ? {} : { error: before.error }),
    });
  }

  #print({ vertex: of, stream, data }: VertexLog): void {
    const lines = this.#output.get(of) ?? new LastLines();
    this.#output.set(of, lines);
    lines.print(Buffer.from(data, 'base64').toString('utf8'), String(stream));
  }

  /** What buildctl says at its end, in words: the place in the Dockerfile, and the error. */
  #words(text: string): void {
    const place = /^[^\s:]+:(\d+)$/.exec(text);
    if (place?.[1] !== undefined) this.#line = Number(place[1]);
    const error = /^(?:error|ERROR): (?:failed to solve: )?(.*)$/.exec(text);
    if (error?.[1] !== undefined) this.#message = error[1];
  }

  #bases(): { reference: string; digest?: string }[] {
    const bases = new Map<string, { reference: string; digest?: string }>();
    for (const { name } of this.#vertices.values()) {
      const [, reference, digest] = baseName.exec(stepName.exec(name)?.[3] ?? '') ?? [];
      if (reference !== undefined) bases.set(reference, { reference, ...(digest === undefined ? {} : { digest }) });
    }
    return [...bases.values()];
  }

  #failure(): BuildFailure | undefined {
    if (this.#message === undefined) return undefined;
    const step = [...this.#vertices.values()].find(
      ({ name, error }) => error !== undefined && stepName.test(name) && !/context canceled/.test(error),
    );
    return {
      class: failureClass(this.#message),
      message: this.#message,
      ...(step === undefined ? {} : { step: stepName.exec(step.name)?.[3] ?? step.name }),
      ...(this.#line === undefined ? {} : { line: this.#line }),
      output: step === undefined ? [] : (this.#output.get(step.digest)?.lines ?? []),
    };
  }
}

type Placed = BuildStep & { place: number };

/** A step that was begun, or found in the cache; FROM is none, and what never began was needed by nobody. */
function stepOf({ name, cached, started, error }: Vertex): Placed[] {
  const [, stage, place, text] = stepName.exec(name) ?? [];
  if (place === undefined || text === undefined || text.startsWith('FROM ')) return [];
  if ((started === undefined && cached !== true) || error !== undefined) return [];
  return [{ stage: stage ?? '0', text, cache: cached === true ? 'hit' : 'miss', place: Number(place) }];
}

/** Stage by stage, the steps of each in the Dockerfile's order. BuildKit tells of the last stage first. */
function inOrder(vertices: readonly Vertex[]): readonly BuildStep[] {
  const stages = new Map<string, Placed[]>();
  for (const step of [...vertices].reverse().flatMap(stepOf))
    stages.set(step.stage, [...(stages.get(step.stage) ?? []), step]);
  return [...stages.values()].flatMap((steps) =>
    steps.sort((a, b) => a.place - b.place).map(({ stage, text, cache }) => ({ stage, text, cache })),
  );
}
