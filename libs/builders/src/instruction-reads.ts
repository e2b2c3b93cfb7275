import type { Instruction } from './dockerfile';

/** Stages, or images, by their names, and paths of the context; both as they are written. */
export type Reads = { from: readonly string[]; paths: readonly string[] };

const flags = /^(?:--\S+\s+)*/;
const nothing: Reads = { from: [], paths: [] };

/** What an instruction reads besides the files of its own stage. */
export function readsOf({ keyword, rest }: Instruction): Reads {
  const written = flags.exec(rest)?.[0] ?? '';
  if (keyword === 'RUN') return mounted(written);
  if (keyword !== 'COPY' && keyword !== 'ADD') return nothing;
  const from = /--from=(\S+)/.exec(written)?.[1];
  return from === undefined ? { from: [], paths: copied(rest.slice(written.length)) } : { from: [from], paths: [] };
}

/** `a b /to` or `["a", "/to"]`: all but the last. */
function copied(text: string): readonly string[] {
  const words = text.startsWith('[')
    ? [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1] ?? '')
    : text.split(/\s+/);
  return words.slice(0, -1);
}

/** `bind` is what a mount is by itself, and the whole context where it names no source. A cache begins with a stage's files where it names one. */
function mounted(written: string): Reads {
  const from: string[] = [];
  const paths: string[] = [];
  for (const [, text = ''] of written.matchAll(/--mount=(\S+)/g)) {
    const values = new Map(text.split(',').map((part): [string, string] => keyAndValue(part)));
    const type = values.get('type') ?? 'bind';
    const stage = values.get('from');
    if (stage !== undefined) from.push(stage);
    else if (type === 'bind') paths.push(values.get('source') ?? values.get('src') ?? '.');
  }
  return { from, paths };
}

function keyAndValue(part: string): [string, string] {
  const [key = '', ...value] = part.split('=');
  return [key.toLowerCase(), value.join('=')];
}
