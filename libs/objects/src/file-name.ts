import path from 'node:path';

/**
 * Keys as paths. The names on disk are the segments of the key, so that a person can look around; `+` escapes what a file
 * system cannot tell apart or keeps for itself:
 *
 * - a directory ends in `+`: the objects `a` (file `a`) and `a/b` (file `a+/b`) can both exist, as in S3;
 * - a part of a segment too long for one file name is a directory ending in `+_`, the rest lies in it;
 * - upper case is `+` and the lower-case letter, for file systems that fold case; `+` itself is `++`;
 * - a leading dot is `+.`: names that begin with a dot belong to the store itself.
 */
const directoryEnd = '+';
const partEnd = '+_';

/** File systems take 255 bytes; the ends and the widest character must still fit. */
const maxPartBytes = 240;

/** What can stand in a name of ours, with its end. Anything else in the tree is not ours and is not listed. */
const ours = /^(?!\.)((?:[^+A-Z\\\p{Cc}]|\+[+.a-z])+)(\+_?)?$/u;

/** The path of the object's file below the root. The key must have been checked. */
export function filePath(key: string): string {
  const segments = key.split('/');
  const last = segments.pop() ?? '';
  return path.join(...segments.map(directoryName), partNames(last).join(path.sep));
}

/** The path of the directory of a prefix that ends in `/`, or of the root for ''. */
export const directoryPath = (prefix: string): string =>
  prefix === '' ? '' : path.join(...prefix.slice(0, -1).split('/').map(directoryName));

/** What a name on disk means; undefined when it is not one of ours. */
export function readName(name: string): { kind: 'file' | 'directory' | 'part'; text: string } | undefined {
  const [, body, end] = ours.exec(name) ?? [];
  if (body === undefined) return undefined;
  const text = body.replace(/\+(.)/g, (_escape, character: string) => character.toUpperCase());
  return { kind: end === undefined ? 'file' : end === partEnd ? 'part' : 'directory', text };
}

const directoryName = (segment: string): string => `${partNames(segment).join(path.sep)}${directoryEnd}`;

/** The names of a segment, nearly always one: all but the last are directories of parts. */
function partNames(segment: string): string[] {
  const parts: string[] = [];
  let part = '';
  let sizeBytes = 0;
  for (const character of segment) {
    const characterBytes = Buffer.byteLength(escape(character));
    if (sizeBytes + characterBytes > maxPartBytes) {
      parts.push(`${escape(part)}${partEnd}`);
      part = '';
      sizeBytes = 0;
    }
    part += character;
    sizeBytes += characterBytes;
  }
  return [...parts, escape(part)];
}

const escape = (text: string): string => text.replace(/[+A-Z]|^\./g, (character) => `+${character.toLowerCase()}`);
