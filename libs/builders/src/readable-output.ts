import { z } from 'zod';
import type { StrategyName } from './builder-settings';
import { buildkitStatus } from './buildkit-status';
import type { Vertex } from './buildkit-status';
import { jsonLine } from './json-line';

/** A builder's output as people read it: what it prints for machines, in words. One for each log, from its first line. */
export interface ReadableOutput {
  /** The lines that stand for one line of the log; none for what says nothing new. */
  lines(text: string): readonly string[];
}

export const readableOutput = (strategy: StrategyName): ReadableOutput =>
  strategy === 'buildkit' ? new ReadableBuildkit() : { lines: messageOf };

const entry = z.object({ level: z.string(), msg: z.string() });

/** Kaniko's and Makisu's lines are messages with a level; what commands print stands between them, or in them with its line end. */
function messageOf(text: string): readonly string[] {
  const told = jsonLine(text, entry);
  if (told === undefined) return [text];
  const lines = told.msg.replace(/\n+$/, '').split('\n');
  const isPrinted = told.msg.endsWith('\n');
  return told.level === 'info' || isPrinted ? lines : lines.map((line) => `${told.level}: ${line}`);
}

/** Each step by its name when it begins, its output, and how it ended where that is worth a line. */
class ReadableBuildkit implements ReadableOutput {
  readonly #said = new Set<string>();

  lines(text: string): readonly string[] {
    const told = jsonLine(text, buildkitStatus);
    if (told === undefined) return [text];
    const steps = (told.vertexes ?? []).flatMap((vertex) => this.#step(vertex));
    const output = (told.logs ?? []).flatMap(({ data }) =>
      Buffer.from(data, 'base64').toString('utf8').replace(/\n$/, '').split('\n'),
    );
    return [...steps, ...output];
  }

  #step({ digest, name, started, cached, error }: Vertex): readonly string[] {
    const text = name.split('\n')[0] ?? name;
    if (error !== undefined) return this.#once(`${digest} error`, `${text}: ${error}`);
    if (cached === true) return this.#once(`${digest} cached`, `${text} (cached)`);
    return started === undefined ? [] : this.#once(digest, text);
  }

  #once(key: string, line: string): readonly string[] {
    if (this.#said.has(key)) return [];
    this.#said.add(key);
    return [line];
  }
}
