import { nearest } from '@keelson/config';
import type { Fault, Path } from './fault';
import { pathText, shown } from './fault';
import { entryAt, valuePlace } from './written';
import type { Written } from './written';

const kindNames: Readonly<Record<string, string>> = {
  string: 'text',
  array: 'a list',
  object: 'keys with values',
  record: 'keys with values',
  number: 'a number',
  boolean: 'true or false',
};

/** What a key takes: kinds of values as the schema calls them, and single words. */
export type Wanted = { kinds: readonly string[]; words: readonly string[] };

/** The fault of a value that is of none of the kinds, and none of the words, that its key takes. */
export function wrongValue(root: Written, path: Path, wanted: Wanted): Fault {
  const { kinds, words } = wanted;
  const name = pathText(path);
  const at = { ...valuePlace(root, path), path: name };
  const value = entryAt(root, path)?.written.value;
  if (value === undefined) return { ...at, message: `${name} is missing`, ...advice(hintForNothing(name)) };
  const hint = advice(hintFor(name, value, wanted));
  if (value === null) return { ...at, message: `${name} is empty`, ...hint };
  const choices = listed([...kinds.map((kind) => kindNames[kind] ?? kind), ...words]);
  return { ...at, message: `${name} must be ${choices}, not ${kindOf(value)}`, ...hint };
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'keys with values';
  return typeof value === 'string' ? shown(value) : String(value);
}

function hintForNothing(name: string): string {
  if (name !== 'test') return 'give it a value, or take the key away';
  return 'test: { command: ["./ci.sh"] } says how to test, test: none that nothing is tested';
}

/** What was probably meant, in the words to write. */
function hintFor(name: string, value: unknown, { kinds, words }: Wanted): string | undefined {
  if (value === null) return kinds.includes('number') ? 'write "" for empty text' : hintForNothing(name);
  if (typeof value === 'string') {
    const near = nearest(value, words);
    return near === undefined ? hintForText(name, value, kinds) : `did you mean ${near}?`;
  }
  const isPlain = typeof value === 'number' || typeof value === 'boolean';
  if (name === 'test.timeout' && Number.isSafeInteger(value)) return `write ${String(value)}s or ${String(value)}m`;
  return isPlain && kinds.includes('string') ? `write "${String(value)}"` : undefined;
}

function hintForText(name: string, value: string, kinds: readonly string[]): string | undefined {
  const command = `["sh", "-c", ${shown(value)}]`;
  const sections: Readonly<Record<string, string>> = {
    'test.command': `write ${command}`,
    test: `write test: { command: ${command} }, or test: none`,
    image: `write image: { base: ${shown(value)} }`,
    build: `write build: { strategy: ${shown(value)} }`,
  };
  return sections[name] ?? (kinds.includes('array') ? `write [${shown(value)}]` : undefined);
}

const advice = (hint: string | undefined): { hint?: string } => (hint === undefined ? {} : { hint });

/** `a`, `a or b`, `a, b or c`. */
const listed = (choices: readonly string[]): string =>
  choices.length < 2 ? choices.join('') : `${choices.slice(0, -1).join(', ')} or ${choices.at(-1) ?? ''}`;
