/** Files of a tree by path, with a digest of each. */
export type Files = ReadonlyMap<string, string>;

export type FileChange = { path: string; before?: string; now?: string };

/** What a Dockerfile's builder sees: below the context, and not ignored. */
export function contextFiles(files: Files, { context, ignore }: { context: string; ignore: string }): Files {
  const ignored = ignorer(ignore);
  const prefix = context === '.' ? '' : `${context}/`;
  const seen = new Map<string, string>();
  for (const [path, digest] of files) {
    if (!path.startsWith(prefix)) continue;
    const inside = path.slice(prefix.length);
    if (!ignored(inside)) seen.set(inside, digest);
  }
  return seen;
}

/** The first file, by name, that differs among those that a source of COPY stands for. */
export function firstChange(before: Files, now: Files, sources: readonly string[]): FileChange | undefined {
  const forms = sources.map(sourceForm);
  const paths = [...new Set([...before.keys(), ...now.keys()])].filter((path) => forms.some((form) => form.test(path)));
  const path = paths.sort().find((one) => before.get(one) !== now.get(one));
  if (path === undefined) return undefined;
  const [was, is] = [before.get(path), now.get(path)];
  return { path, ...(was === undefined ? {} : { before: was }), ...(is === undefined ? {} : { now: is }) };
}

/** A file, a directory with all that is below, or a pattern of either. */
function sourceForm(source: string): RegExp {
  const clean = source.replace(/^(?:\.?\/)+/, '').replace(/\/+$/, '');
  return clean === '' || clean === '.' ? /^/ : new RegExp(`^${globForm(clean)}(?:/|$)`);
}

/** `.dockerignore`: the last line that matches a path, or a directory above it, counts. */
function ignorer(text: string): (path: string) => boolean {
  const rules = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const pattern = line
        .replace(/^!/, '')
        .trim()
        .replace(/^(?:\.?\/)+/, '')
        .replace(/\/+$/, '');
      return { keeps: line.startsWith('!'), form: new RegExp(`^${globForm(pattern)}(?:/|$)`) };
    });
  return (path) => rules.findLast(({ form }) => form.test(path))?.keeps === false;
}

/** As Go's filepath.Match, with `**` for any number of directories. */
const globForm = (pattern: string): string =>
  pattern.replace(/\*\*\/?|\*|\?|\[[^\]]+\]|[.+^${}()|\\[\]]/g, (part) => {
    if (part.startsWith('**')) return '(?:.*/)?' + (part.endsWith('/') ? '' : '[^/]*');
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    return part.startsWith('[') && part.length > 1 ? part : `\\${part}`;
  });
