import { repositoryOf, withSession } from './git-session';
import type { ObjectSource } from './git-session';
import { readGitmodules } from './gitmodules';
import type { Submodule } from './gitmodules';
import { SubmoduleError } from './submodule-error';
import { listTree, show } from './tree';
import type { TreeEntry } from './tree';

export type SubmoduleRequest = {
  name: string;
  /** Where it lies in the tree, for people. */
  path: string;
  /** As .gitmodules has it: may be relative to the parent's URL. */
  url: string;
  commit: string;
};

/** A repository that holds a submodule's commit, and what finds the submodules in it. */
export type ResolvedSubmodule = { source: ObjectSource; identity: string; resolve: SubmoduleResolver };

/** Finds or fetches the repository of one submodule. @throws SubmoduleError */
export type SubmoduleResolver = (request: SubmoduleRequest, signal?: AbortSignal) => Promise<ResolvedSubmodule>;

/** An entry, and where its content is read from. */
export type PlacedEntry = TreeEntry & { source: ObjectSource };

export type CollectOptions = {
  maxEntries: number;
  resolve?: SubmoduleResolver | undefined;
  warn: (message: string) => void;
  signal?: AbortSignal | undefined;
};

const deepest = 10;
const slash = Buffer.from('/');

type Place = { source: ObjectSource; id: string; at: Buffer | undefined; resolve: SubmoduleResolver | undefined };

/** Everything below a commit or tree, submodules in place of their links. @throws HostileTreeError; SubmoduleError */
export async function collectEntries(
  source: ObjectSource,
  id: string,
  options: CollectOptions,
): Promise<{ tree: string; entries: PlacedEntry[] }> {
  const entries: PlacedEntry[] = [];
  const tree = await collect({ source, id, at: undefined, resolve: options.resolve }, entries, {
    ...options,
    chain: [],
  });
  return { tree, entries };
}

type Walk = CollectOptions & { chain: readonly string[] };

async function collect(place: Place, into: PlacedEntry[], walk: Walk): Promise<string> {
  const room = { maxEntries: walk.maxEntries - into.length, signal: walk.signal };
  const tree = await withSession(place.source, (session) => listTree(session, place.id, room));
  const links: TreeEntry[] = [];
  for (const entry of tree.entries) {
    const path = place.at === undefined ? entry.path : Buffer.concat([place.at, slash, entry.path]);
    const link = entry.kind === 'submodule';
    if (link) links.push(entry);
    into.push({ ...entry, path, kind: link ? 'directory' : entry.kind, source: place.source });
  }
  if (links.length === 0) return tree.id;
  if (place.resolve === undefined) {
    walk.warn(
      `submodules left empty: ${links
        .slice(0, 10)
        .map(({ path }) => show(path))
        .join(', ')}`,
    );
    return tree.id;
  }
  const known = await describeSubmodules(place.source, tree.entries, walk.signal);
  for (const link of links) await collectSubmodule({ ...place, resolve: place.resolve }, { link, known, into }, walk);
  return tree.id;
}

type Found = { link: TreeEntry; known: ReadonlyMap<string, Submodule>; into: PlacedEntry[] };

async function collectSubmodule(
  place: Place & { resolve: SubmoduleResolver },
  { link, known, into }: Found,
  walk: Walk,
): Promise<void> {
  const path = link.path.toString('utf8');
  const submodule = known.get(link.path.toString('latin1'));
  if (submodule === undefined) {
    throw new SubmoduleError(`the submodule ${show(link.path)} has no entry with path and url in .gitmodules`);
  }
  const resolved = await place.resolve({ ...submodule, path, commit: link.id }, walk.signal);
  const step = `${resolved.identity}@${link.id}`;
  if (walk.chain.includes(step)) throw new SubmoduleError(`the submodule ${show(link.path)} contains itself`);
  if (walk.chain.length >= deepest) throw new SubmoduleError(`submodules are nested more than ${deepest} deep`);
  const at = place.at === undefined ? link.path : Buffer.concat([place.at, slash, link.path]);
  const below = { source: resolved.source, id: link.id, at, resolve: resolved.resolve };
  await collect(below, into, { ...walk, chain: [...walk.chain, step] });
}

async function describeSubmodules(
  source: ObjectSource,
  entries: readonly TreeEntry[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, Submodule>> {
  const file = entries.find(({ path, kind }) => path.equals(Buffer.from('.gitmodules')) && kind !== 'symlink');
  if (file === undefined || file.kind === 'directory') return new Map();
  return readGitmodules(repositoryOf(source), file.id, signal);
}
