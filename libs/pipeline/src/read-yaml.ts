import { isMap, parseDocument } from 'yaml';
import type { Document, ErrorCode, YAMLError } from 'yaml';
import type { Fault, Path } from './fault';
import { LineIndex } from './line-index';
import { nestingFault } from './nesting';
import type { Written } from './written';
import { YamlReader } from './yaml-reader';

/** Without `written` the file could not be made out, and the faults say why; with it there may be faults all the same. */
export type ReadYaml = { written?: Written; faults: readonly Fault[] };

/**
 * The mapping that a YAML file holds, with places. Core schema of YAML 1.2, one document, no tags of other schemas, no merge
 * keys; a key is always text. @param isText the paths whose numbers and booleans are text, as written
 */
export function readYaml(text: string, isText: (path: Path) => boolean): ReadYaml {
  const nesting = nestingFault(text);
  if (nesting !== undefined) return { faults: [nesting] };
  const lines = new LineIndex(text);
  const document = withoutStacks(() => parseDocument(text, options));
  const complaints = syntaxFaults(document, lines);
  if (complaints.length > 0) return { faults: complaints };
  return readMapping(document, new YamlReader(lines, isText));
}

const options = {
  ...{ prettyErrors: false, schema: 'core', resolveKnownTags: false, stringKeys: true },
  // The reader finds duplicates itself, in linear time and with the line of the first one.
  uniqueKeys: false,
} as const;

/** yaml makes an Error of every fault: of 262,144 brackets as many, and taking their stacks would block us for seconds. */
export function withoutStacks<T>(work: () => T): T {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = before;
  }
}

function readMapping(document: Document.Parsed, reader: YamlReader): ReadYaml {
  const root = document.contents;
  const start = { line: 1, column: 1, path: '' };
  if (root === null || (!isMap(root) && root.range[0] === root.range[1])) {
    return { faults: [{ ...start, message: 'the file is empty', hint: '`keelson init` writes one that fits' }] };
  }
  const written = reader.read(root, []);
  if (!isMap(root)) {
    const hint = 'it begins like this: test: { command: ["./ci.sh"] }';
    return { faults: [{ ...written.at, path: '', message: 'the file must hold keys with values', hint }] };
  }
  return reader.isWhole ? { written, faults: reader.faults } : { faults: reader.faults };
}

/** What yaml says against a document, each at its place. */
export const syntaxFaults = ({ errors, warnings }: Document.Parsed, lines: LineIndex): readonly Fault[] =>
  causes([...errors, ...warnings]).map((error) => syntaxFault(error, lines));

/** Without those that are mostly consequences: further ones at the same place, and unexpected tokens after the first. */
function causes(complaints: readonly YAMLError[]): readonly YAMLError[] {
  const seen = new Set<string>();
  return complaints.filter(({ code, pos: [offset] }) => {
    const cause = code === 'UNEXPECTED_TOKEN' ? code : String(offset);
    return !seen.has(cause) && seen.add(cause);
  });
}

const syntaxFault = (error: YAMLError, lines: LineIndex): Fault => ({
  ...lines.position(error.pos[0]),
  ...{ path: '', ...wording(error) },
});

/** Of yaml's messages those that speak to programmers, or do not say what to do, in other words. */
const wordings: Partial<Record<ErrorCode, { message: string; hint?: string }>> = {
  TAB_AS_INDENT: { message: 'a tab may not indent', hint: 'use spaces' },
  MULTIPLE_DOCS: {
    message: 'a second document begins here',
    hint: 'a pipeline file holds one: take away the --- and what follows',
  },
  RESOURCE_EXHAUSTION: { message: 'nested too deeply' },
  NON_STRING_KEY: { message: 'a key must be text' },
  BLOCK_AS_IMPLICIT_KEY: { message: 'keys and values may not begin here', hint: 'put text that holds ": " in quotes' },
};

const phrases: readonly (readonly [RegExp, string])[] = [
  [/^.* end with a ([\]}])$/, 'a $1 is missing'],
  [/^Missing closing (["'])quote$/, 'a closing $1 is missing'],
  [/^Unexpected [\s\S]*?: ("[\s\S]*")$/, 'unexpected $1'],
];

function wording({ code, message }: YAMLError): { message: string; hint?: string } {
  const said = phrases.reduce((text, [theirs, ours]) => text.replace(theirs, ours), message);
  return wordings[code] ?? { message: `YAML: ${said.slice(0, 200).replace(/[.:]$/, '')}` };
}
