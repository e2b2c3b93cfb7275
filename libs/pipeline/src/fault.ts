/** A place in a file, both from 1; columns count UTF-16 units, as editors do. */
export type Position = { line: number; column: number };

/** One thing that is wrong with a pipeline file, where, and what to do about it. */
export type Fault = Position & {
  /** The key it is about, `test.command[0]`; empty when it is about the file. */
  path: string;
  /** One sentence without a full stop that names the key. */
  message: string;
  /** What to write instead, where that is known. */
  hint?: string;
};

export type Path = readonly (string | number)[];

/** `test.env.LEVEL`, `test.command[0]`: as people write it. */
export function pathText(path: Path): string {
  return path.map((part, index) => partText(part, index === 0)).join('');
}

function partText(part: string | number, isFirst: boolean): string {
  if (typeof part === 'number') return `[${part}]`;
  if (!/^[\w-]{1,80}$/.test(part)) return isFirst ? shown(part) : `[${shown(part)}]`;
  return isFirst ? part : `.${part}`;
}

/** Text of a file that is not trusted, for a terminal: quoted, without control characters, cut. */
export const shown = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);

/** One line per fault, `file:line:column: message (hint)`, as editors and terminals link it. */
export function describeFaults(faults: readonly Fault[], file: string): string {
  return faults
    .map(({ line, column, message, hint }) => {
      const advice = hint === undefined ? '' : ` (${hint})`;
      return `${file}:${line}:${column}: ${message}${advice}`;
    })
    .join('\n');
}
