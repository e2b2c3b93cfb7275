import { SemanticVersion } from './semantic-version';
import { VersionNotFoundError, VersionsDifferError } from './version-errors';

/** How a text carries its version: in HTML tags, or (AsciiDoc has no such tags) also as a document attribute. */
export type Markup = 'html' | 'asciidoc';

// A dot must not match what ends a line in JavaScript but not elsewhere.
const tag = /<repo-version>([^\n]*?)<\/repo-version>/g;
const attribute = /^(:revision:[ \t]+)([^\r\n]*?)(?=[ \t]*\r?$)/gim;

/** @param file a name; its ending says what is in it */
export function markupOf(file: string): Markup {
  return /\.(adoc|asciidoc|asc)$/i.test(file) ? 'asciidoc' : 'html';
}

/** The one version that a text carries. @throws VersionNotFoundError; VersionsDifferError; InvalidVersionError */
export function versionIn(text: string, markup: Markup): SemanticVersion {
  const tags = [...text.matchAll(tag)].map((found) => contentOf(found[1] ?? ''));
  const attributes = markup === 'asciidoc' ? [...text.matchAll(attribute)].map((found) => found[2] ?? '') : [];
  const all = [...tags, ...attributes];
  const start = all.findIndex((one) => one !== '');
  if (start === -1) throw new VersionNotFoundError();
  const version = SemanticVersion.parse(all[start] ?? '');
  if (!all.slice(start + 1).every((one) => isSame(one, version))) throw new VersionsDifferError();
  // What the file holds counts as a version proper: a v before it is not kept.
  return SemanticVersion.parse(String(version));
}

/**
 * The text with another version. As the tools before this one wrote it, line by line: lines then end in a line feed, the last one
 * too. A text that carries no version stays as it is.
 */
export function withVersion(text: string, version: string, markup: Markup): string {
  let count = 0;
  const put = (before: string, after: string): string => {
    count += 1;
    return `${before}${version}${after}`;
  };
  const tagged = text.replace(tag, () => put('<repo-version>', '</repo-version>'));
  const written = markup === 'html' ? tagged : tagged.replace(attribute, (_all, name: string) => put(name, ''));
  return count === 0 ? text : written.replace(/\r(?=\n|$)/g, '').replace(/[^\n]$/, '$&\n');
}

function isSame(text: string, version: SemanticVersion): boolean {
  try {
    return String(SemanticVersion.parse(text)) === String(version);
  } catch {
    return false; // what is no version is not this one
  }
}

/** The text of an element: tags inside it left out, character references resolved. */
function contentOf(html: string): string {
  return html
    .replace(/<[^>]*>/g, '')
    .replace(/&#(\d{1,7});/g, (_all, number: string) => characterOf(Number(number)))
    .replace(/&#x([0-9a-f]{1,6});/gi, (_all, number: string) => characterOf(Number.parseInt(number, 16)))
    .replace(/&period;/g, '.')
    .replace(/&plus;/g, '+');
}

function characterOf(codePoint: number): string {
  return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : '\ufffd';
}
