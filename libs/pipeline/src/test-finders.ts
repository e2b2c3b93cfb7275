/** A repository's top directory, as `keelson init` sees it. */
export type Files = {
  /** Names in it. */
  listing: readonly string[];
  /** A file's text, or undefined when there is none. */
  read: (name: string) => Promise<string | undefined>;
};

/** A way to test the repository that its files suggest. */
export type FoundTest = {
  /** What suggests it, for a comment. */
  because: string;
  command: readonly string[];
};

/** Looks for one kind of test. Undefined: not this kind of repository. */
export type TestFinder = (files: Files) => Promise<FoundTest | undefined>;

export const shell = (script: string): readonly string[] => ['sh', '-c', script];

/** A file whose mere presence says how to test. */
export const byPresence =
  (name: string, command: readonly string[]): TestFinder =>
  ({ listing }) =>
    Promise.resolve(listing.includes(name) ? { because: name, command } : undefined);

/** A script made for this. Without a `#!` line the system could not start it by itself. */
export const ciScript: TestFinder = async (files) => {
  const name = ['ci.sh', 'test.sh'].find((candidate) => files.listing.includes(candidate));
  const text = name === undefined ? undefined : await files.read(name);
  if (name === undefined || text === undefined) return undefined;
  return { because: name, command: text.startsWith('#!') ? [`./${name}`] : ['sh', `./${name}`] };
};

/** The rule `test`, else `check`, of a makefile. */
export const makeRule: TestFinder = async (files) => {
  const name = ['GNUmakefile', 'makefile', 'Makefile'].find((candidate) => files.listing.includes(candidate));
  const text = name === undefined ? undefined : await files.read(name);
  if (name === undefined || text === undefined) return undefined;
  const rules = new Set(text.split(/\r?\n/).flatMap(targets));
  const rule = ['test', 'check'].find((candidate) => rules.has(candidate));
  return rule === undefined ? undefined : { because: `the rule ${rule} in ${name}`, command: ['make', rule] };
};

/** The names before the colon of a rule; a recipe begins with a tab, and `:=` assigns. */
function targets(line: string): readonly string[] {
  const colon = line.indexOf(':');
  if (colon < 1 || /^[\t#]/.test(line) || /^::?=/.test(line.slice(colon, colon + 3))) return [];
  return line.slice(0, colon).trim().split(/\s+/);
}
