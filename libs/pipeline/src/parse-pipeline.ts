import type { Fault } from './fault';
import { fileText } from './file-text';
import { keyFaults } from './key-rules';
import { isTextPath, pipelineFileSchema } from './pipeline';
import type { Pipeline } from './pipeline';
import { readYaml } from './read-yaml';
import { schemaFaults } from './schema-faults';
import { unsupportedKeys } from './unsupported';
import type { Column } from './unsupported';
import type { Written } from './written';

/** `written` is the file as it stands, for `unsupportedOn`. */
export type ParsedPipeline =
  { ok: true; pipeline: Pipeline; written: Written } | { ok: false; faults: readonly Fault[] };

/** More would help nobody; the last one says how many were left out. */
const maxFaults = 50;

/**
 * Reads a pipeline file, strictly: unknown and duplicate keys are faults, and so is what looks like something else. Every
 * fault is told at once, in the order of the file. Never throws because of the content, however hostile.
 * @param content the file; bytes must be UTF-8, and no more than `maxPipelineBytes`
 * @param options with a `column`, what that column cannot do yet is a fault too
 */
export function parsePipeline(content: Uint8Array | string, options: { column?: Column } = {}): ParsedPipeline {
  const decoded = fileText(content);
  if (!decoded.ok) return { ok: false, faults: [decoded.fault] };
  const { written, faults } = readYaml(decoded.text, isTextPath);
  if (written === undefined) return { ok: false, faults: inOrder(faults) };
  const checked = pipelineFileSchema.safeParse(written.value);
  const all = [
    ...faults,
    ...schemaFaults(written, checked.error?.issues ?? []),
    ...keyFaults(written),
    ...(options.column === undefined ? [] : unsupportedKeys(written, options.column)),
  ];
  if (!checked.success || all.length > 0) return { ok: false, faults: inOrder(all) };
  return { ok: true, pipeline: checked.data, written };
}

/** The keys of a good file that the column cannot honour yet, each as a fault at its place; empty when it can run there. */
export const unsupportedOn = (parsed: { written: Written }, column: Column): readonly Fault[] =>
  unsupportedKeys(parsed.written, column);

function inOrder(faults: readonly Fault[]): readonly Fault[] {
  const sorted = [...faults].sort((a, b) => a.line - b.line || a.column - b.column);
  const [next] = sorted.slice(maxFaults);
  if (next === undefined) return sorted;
  const { line, column } = next;
  const message = `and ${sorted.length - maxFaults} more faults from here on`;
  return [...sorted.slice(0, maxFaults), { line, column, path: '', message }];
}
