import type { Fault } from '../fault';
import { fileText } from '../file-text';
import { valuePlace } from '../written';
import type { Written } from '../written';
import { parseDocuments, readDocuments } from './manifest-documents';
import { checkObject } from './manifest-object';
import type { ManifestObject } from './manifest-object';
import { isSecret, maskedManifest } from './mask-manifest';

/** What is larger no cluster takes: an object may have about 1.5 MiB there. */
export const maxManifestBytes = 1_048_576;

export type Manifest = {
  /** In the order in which they are written; exactly one of them is a Job. */
  objects: readonly ManifestObject[];
  /** The namespace that objects name; undefined when none does. */
  namespace?: string;
};
export type ReadManifest = { ok: true; manifest: Manifest } | { ok: false; faults: readonly Fault[] };

/** A dozen is much; of 100,000 the YAML reader takes 12 s. */
const maxDocuments = 200;
/** More would help nobody. */
const maxFaults = 20;
const maxKeyDistance = 200;

type Placed = { object: ManifestObject; written: Written };

/**
 * Reads what a Job template was rendered to. Every fault is told at once, at its place in the rendered text. Never throws because of
 * the content, however hostile.
 */
export function readManifest(content: Uint8Array | string): ReadManifest {
  const decoded = fileText(content, { maxBytes: maxManifestBytes, what: 'what a template is rendered to' });
  if (!decoded.ok) return { ok: false, faults: [decoded.fault] };
  const early = [...tooMany(decoded.text), ...missingValues(decoded.text)];
  if (early.length > 0) return { ok: false, faults: early };
  const { written, faults: unreadable } = readDocuments(decoded.text);
  if (unreadable.length > 0) return { ok: false, faults: unreadable.slice(0, maxFaults) };
  const { placed, faults: refused } = checkAll(written);
  const namespace = placed.map(({ object }) => object.metadata.namespace).find((name) => name !== undefined);
  const faults = [...refused, ...jobFaults(placed, refused), ...twins(placed), ...namespaceFaults(placed, namespace)];
  if (faults.length > 0) return { ok: false, faults: faults.slice(0, maxFaults) };
  const objects = placed.map(({ object }) => object);
  return { ok: true, manifest: { objects, ...(namespace === undefined ? {} : { namespace }) } };
}

/** As much of a refused text as is kept: a person reads it. */
const maxRefusedLength = 65_536;

/**
 * A text that was refused, for people: see `maskedManifest`. Undefined when nobody can tell what in it is secret: not every Secret that it
 * names was read as one.
 */
export function refusedText(content: string, secrets: readonly string[]): string | undefined {
  const decoded = fileText(content, { maxBytes: maxManifestBytes, what: '' });
  if (!decoded.ok || tooMany(decoded.text).length > 0) return undefined;
  const named = [...decoded.text.matchAll(/kind["']?\s*:\s*[^\n]*secret/gi)].length;
  const documents = parseDocuments(decoded.text);
  const read = documents.filter((document) => document.errors.length === 0 && isSecret(document)).length;
  if (documents.length === 0 || named !== read) return undefined;
  const masked = maskedIfWhole(decoded.text, secrets);
  return masked !== undefined && masked.length > maxRefusedLength
    ? `${masked.slice(0, maxRefusedLength)}\n# (cut)\n`
    : masked;
}

function maskedIfWhole(text: string, secrets: readonly string[]): string | undefined {
  try {
    return maskedManifest(text, secrets);
  } catch {
    return undefined; // a document that cannot be written again, beside a Secret: it is broken, or an alias leads nowhere
  }
}

function tooMany(text: string): readonly Fault[] {
  const next = [...text.matchAll(/^---/gm)].at(maxDocuments); // in the first column it always divides
  if (next === undefined) return [];
  const line = text.slice(0, next.index).split('\n').length;
  return [{ line, column: 1, path: '', message: `more than ${maxDocuments} documents: a template may hold no more` }];
}

/** Where the text holds what Go writes for a variable that is not there; in a comment it does no harm. */
function missingValues(text: string): readonly Fault[] {
  return text
    .split('\n')
    .flatMap((row, index): Fault[] => {
      const column = row.indexOf('<no value>') + 1;
      if (column === 0 || /^\s*#/.test(row)) return [];
      const message = `<no value> is left${keyBefore(row.slice(0, column))}: the template uses a variable that is not there`;
      return [{ line: index + 1, column, path: '', message, hint: 'docs/job-templates.md lists what there is' }];
    })
    .slice(0, maxFaults);
}

/** Whose value it is in: nothing else of the row is told, for it may be secret. */
function keyBefore(row: string): string {
  const near = row.slice(-maxKeyDistance); // the expression would look at a long row once for each character of it
  const key = [...near.matchAll(/([\w.-]+)["']?[ \t]*:[ \t]/g)].at(-1)?.[1];
  return key === undefined ? '' : ` in ${key}`;
}

function checkAll(documents: readonly Written[]): { placed: readonly Placed[]; faults: readonly Fault[] } {
  const placed: Placed[] = [];
  const faults: Fault[] = [];
  for (const written of documents) {
    const checked = checkObject(written.value);
    if ('object' in checked) placed.push({ object: checked.object, written });
    else {
      const { path, ...said } = checked;
      faults.push({ ...valuePlace(written, path), path: path.join('.'), ...said });
    }
  }
  return { placed, faults };
}

function jobFaults(placed: readonly Placed[], refused: readonly Fault[]): readonly Fault[] {
  const [first, second] = placed.filter(({ object }) => object.kind === 'Job');
  if (first === undefined) {
    if (refused.length > 0) return []; // it may be one of those
    return [{ line: 1, column: 1, path: '', message: 'there is no Job in it', hint: 'a template holds exactly one' }];
  }
  if (second === undefined) return [];
  const hint = `the first one is ${first.object.metadata.name} in line ${first.written.at.line}`;
  return [{ ...second.written.at, path: '', message: 'a second Job: a template holds exactly one', hint }];
}

function twins(placed: readonly Placed[]): readonly Fault[] {
  const seen = new Map<string, number>();
  return placed.flatMap(({ object, written }): Fault[] => {
    const { line } = written.at;
    const what = `${object.kind} ${object.metadata.name}`;
    const before = seen.get(what);
    seen.set(what, before ?? line);
    if (before === undefined || object.kind === 'Job') return [];
    return [
      { ...written.at, path: '', message: `${what} is written twice`, hint: `the first one is in line ${before}` },
    ];
  });
}

function namespaceFaults(placed: readonly Placed[], namespace: string | undefined): readonly Fault[] {
  return placed.flatMap(({ object, written }): Fault[] => {
    const other = object.metadata.namespace;
    if (other === undefined || other === namespace) return [];
    const path = ['metadata', 'namespace'];
    const message = `the namespace ${other} is not that of the objects before it, ${namespace ?? ''}`;
    return [{ ...valuePlace(written, path), path: path.join('.'), message, hint: 'a template uses one namespace' }];
  });
}
