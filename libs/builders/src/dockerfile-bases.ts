import { readDockerfile } from './dockerfile';
import type { Dockerfile, DockerfileStage } from './dockerfile';
import { readsOf } from './instruction-reads';

type Args = Readonly<Record<string, string>>;

/** The images that a Dockerfile begins its stages with, build arguments filled in: no stages of its own, and not `scratch`. */
export function dockerfileBases(text: string, args: Args): readonly string[] {
  const file = readDockerfile(text);
  return [...new Set(file.stages.flatMap((_, at) => baseOf(file, at, args) ?? []))];
}

/** All images that it names: its bases, and those that it copies files from or mounts. */
export function dockerfileImages(text: string, args: Args): readonly string[] {
  const { stages } = readDockerfile(text);
  const read = stages.flatMap(({ instructions }) => instructions.flatMap((instruction) => readsOf(instruction).from));
  const isStage = (from: string) =>
    /^\d+$/.test(from) || stages.some(({ name }) => name?.toLowerCase() === from.toLowerCase());
  return [...new Set([...dockerfileBases(text, args), ...read.filter((from) => !isStage(from))])];
}

/** The stages of a Dockerfile that further ones begin with, of those that are built for the target. */
export function stagesBuiltUpon(
  text: string,
  { args, target }: { args: Args; target?: string | undefined },
): readonly string[] {
  const file = readDockerfile(text);
  const last = file.stages.findIndex(({ name }) => target !== undefined && name === target);
  const needed = last < 0 ? file.stages : file.stages.slice(0, last + 1);
  return needed.flatMap((stage, at) => {
    const base = filled(stage, file, args);
    return isStageBefore(file, at, base) ? [base] : [];
  });
}

/** The same Dockerfile with other names for some of its bases; all else of it stays byte for byte. */
export function withBases(text: string, args: Args, names: ReadonlyMap<string, string>): string {
  const file = readDockerfile(text);
  const lines = text.split('\n');
  for (const [at, { base, from }] of file.stages.entries()) {
    const name = names.get(baseOf(file, at, args) ?? '');
    if (name === undefined) continue;
    // It may stand on a line that continues FROM.
    const place = lines.findIndex((line, index) => index >= from.line - 1 && wordAt(line, base) >= 0);
    const line = lines[place] ?? '';
    const start = wordAt(line, base);
    if (start >= 0) lines[place] = line.slice(0, start) + name + line.slice(start + base.length);
  }
  return lines.join('\n');
}

/** Where a word begins that stands by itself; -1 where it does not. */
function wordAt(line: string, word: string): number {
  for (let at = line.indexOf(word); at >= 0; at = line.indexOf(word, at + 1)) {
    const [before, after] = [line[at - 1], line[at + word.length]];
    if ((before === undefined || /\s/.test(before)) && (after === undefined || /\s/.test(after))) return at;
  }
  return -1;
}

function baseOf(file: Dockerfile, at: number, args: Args): string | undefined {
  const stage = file.stages[at];
  if (stage === undefined) return undefined;
  const base = filled(stage, file, args);
  return isStageBefore(file, at, base) || base === '' || base.toLowerCase() === 'scratch' ? undefined : base;
}

const isStageBefore = ({ stages }: Dockerfile, at: number, base: string): boolean =>
  stages.slice(0, at).some(({ name }) => name?.toLowerCase() === base.toLowerCase());

/** What a stage begins with, build arguments filled in: FROM knows only those that are declared before the first one. */
export function filled({ base }: DockerfileStage, { globals }: Dockerfile, args: Args): string {
  const values = new Map<string, string>();
  for (const { keyword, rest } of globals) {
    const [, name, standard = ''] = keyword === 'ARG' ? (/^(\w+)(?:=(.*))?$/s.exec(rest) ?? []) : [];
    if (name !== undefined) values.set(name, args[name] ?? standard.replace(/^(["'])(.*)\1$/s, '$2'));
  }
  return base.replace(/\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})/g, (...found: (string | undefined)[]) => {
    const [, plain, braced = '', standard = ''] = found;
    return values.get(plain ?? braced) || standard;
  });
}
