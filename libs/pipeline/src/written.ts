import type { Path, Position } from './fault';

/** A value of a file, with the places where it and its parts are written. */
export type Written = {
  /** As JSON would hold it; a mapping is an object without a prototype of its own making. */
  value: unknown;
  at: Position;
  /** Of a mapping by key, of a list by index; empty otherwise. */
  entries: ReadonlyMap<string | number, WrittenEntry>;
};

export type WrittenEntry = { keyAt: Position; written: Written };

/** What is written at a path, or undefined. */
export function entryAt(root: Written, path: Path): WrittenEntry | undefined {
  let entry: WrittenEntry | undefined = { keyAt: root.at, written: root };
  for (const part of path) entry = entry?.written.entries.get(part);
  return entry;
}

/** Where a path's value is written; for what is not written, the key that should hold it. */
export function valuePlace(root: Written, path: Path): Position {
  const entry = entryAt(root, path);
  if (entry !== undefined) return entry.written.value === null ? entry.keyAt : entry.written.at;
  return path.length === 0 ? root.at : keyPlace(root, path.slice(0, -1));
}

/** Where a path's last key is written; for one that is not, the nearest one around it. */
export function keyPlace(root: Written, path: Path): Position {
  return entryAt(root, path)?.keyAt ?? (path.length === 0 ? root.at : keyPlace(root, path.slice(0, -1)));
}
