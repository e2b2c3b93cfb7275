import { parseAllDocuments } from 'yaml';
import type { Document, Tags } from 'yaml';
import type { Fault } from '../fault';
import { LineIndex } from '../line-index';
import { nestingFault } from '../nesting';
import { syntaxFaults, withoutStacks } from '../read-yaml';
import type { Written } from '../written';
import { YamlReader } from '../yaml-reader';

export type Documents = {
  /** The documents that hold something, in order. */
  written: readonly Written[];
  faults: readonly Fault[];
};

/** YAML 1.1 without what Kubernetes' own reader does not have either: dates, numbers in base 60, sets. */
const asKubernetesReads = (tags: Tags): Tags =>
  tags.filter(
    (tag) =>
      typeof tag === 'string' || (!/timestamp|binary|omap|pairs|:set$/.test(tag.tag) && !/TIME/.test(tag.format ?? '')),
  );

/** A text's documents as yaml has them: with comments, for who changes them; none of one nested too deeply. Never throws because of the content. */
export const parseDocuments = (text: string): readonly Document.Parsed[] =>
  nestingFault(text) === undefined ? parsed(text) : [];

function parsed(text: string): readonly Document.Parsed[] {
  const documents = withoutStacks(() =>
    parseAllDocuments(text, {
      ...{ version: '1.1', schema: 'yaml-1.1', customTags: asKubernetesReads },
      ...{ prettyErrors: false, resolveKnownTags: false, stringKeys: true, uniqueKeys: false },
    }),
  );
  return Array.isArray(documents) ? documents : [];
}

/** A text's documents as values with places. YAML as `kubectl` takes it: `0644` is octal, `yes` is true, `<<` merges. */
export function readDocuments(text: string): Documents {
  const nesting = nestingFault(text);
  if (nesting !== undefined) return { written: [], faults: [nesting] };
  const lines = new LineIndex(text);
  const written: Written[] = [];
  const faults: Fault[] = [];
  for (const document of parsed(text)) {
    const complaints = syntaxFaults(document, lines);
    faults.push(...complaints);
    const root = document.contents;
    if (complaints.length > 0 || root === null || root.range[0] === root.range[1]) continue;
    const reader = new YamlReader(lines, () => false, true); // anchors end with their document
    const value = reader.read(root, []);
    faults.push(...reader.faults);
    if (reader.isWhole && value.value !== null) written.push(value);
  }
  return { written, faults };
}
