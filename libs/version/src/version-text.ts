import { SemanticVersion } from './semantic-version';
import { VersionNotFoundError, VersionsDifferError } from './version-errors';

/** How a text carries its version: in HTML tags, or (AsciiDoc has no such tags) also as a document attribute. */
export type Markup = 'html' | 'asciidoc';

const opening = '<repo-version>';
const closing = '</repo-version>';
const attribute = ':revision:';
/** No version is longer; what is, is not read closer. */
const maxContent = 1024;

/** Where in a text a version stands. */
type Place = { at: number; end: number; kind: Markup };

/** @param file a name; its ending says what is in it */
export function markupOf(file: string): Markup {
  return /\.(adoc|asciidoc|asc)$/i.test(file) ? 'asciidoc' : 'html';
}

/** The one version that a text carries. @throws VersionNotFoundError; VersionsDifferError; InvalidVersionError */
export function versionIn(text: string, markup: Markup): SemanticVersion {
  const all = placesIn(text, markup).map(({ at, end, kind }) => {
    const content = text.slice(at, end);
    return kind === 'html' && content.length <= maxContent ? contentOf(content) : content;
  });
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
  const places = placesIn(text, markup);
  if (places.length === 0) return text;
  const around = [0, ...places.map(({ end }) => end)].map((from, index) => text.slice(from, places[index]?.at));
  return around
    .join(version)
    .replace(/\r(?=\n|$)/g, '')
    .replace(/[^\n]$/, '$&\n');
}

/** In order. Looks at each character once or twice: a text may be anybody's, of any length, and expressions would look at it again for each tag. */
function placesIn(text: string, markup: Markup): readonly Place[] {
  const tags = tagsIn(text);
  if (markup === 'html') return tags;
  let next = 0;
  const attributes = attributesIn(text).filter(({ at, end }) => {
    while ((tags[next]?.at ?? Infinity) < at) next += 1;
    return (tags[next]?.at ?? Infinity) >= end; // with a tag in it, it is the tag's
  });
  return [...tags, ...attributes].sort((one, other) => one.at - other.at);
}

/** What stands between the tags: the nearest ones in one line. */
function tagsIn(text: string): readonly Place[] {
  const places: Place[] = [];
  let [from, close, lineEnd] = [0, 0, -1];
  for (let open = text.indexOf(opening); open !== -1; open = text.indexOf(opening, from)) {
    const at = open + opening.length;
    if (close < at) close = text.indexOf(closing, at);
    if (close === -1) break;
    if (lineEnd < open) lineEnd = endOf(text, '\n', open);
    if (close < lineEnd) places.push({ at, end: close, kind: 'html' });
    from = close < lineEnd ? close + closing.length : lineEnd;
  }
  return places;
}

const endOf = (text: string, sought: string, from: number): number => {
  const found = text.indexOf(sought, from);
  return found === -1 ? text.length : found;
};

/** The values of the attribute, without the blanks around them. */
function attributesIn(text: string): readonly Place[] {
  const places: Place[] = [];
  let lineStart = 0;
  for (const line of text.split(/[\r\n]/)) {
    const start = lineStart;
    lineStart += line.length + 1;
    if (line.slice(0, attribute.length).toLowerCase() !== attribute) continue;
    const value = /^[ \t]+/.exec(line.slice(attribute.length))?.[0].length;
    if (value === undefined) continue;
    const at = attribute.length + value;
    let end = line.length;
    while (end > at && ' \t'.includes(line.charAt(end - 1))) end -= 1;
    places.push({ at: start + at, end: start + end, kind: 'asciidoc' });
  }
  return places;
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
