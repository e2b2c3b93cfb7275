import { closeSync, mkdirSync, openSync, readSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { open } from 'lmdb';
import type { Database, RootDatabase } from 'lmdb';
import { BusUnavailableError } from './bus';
import { BusInUseError } from './bus-in-use-error';

/** Where a delivery lies: its service, its lane, then what orders it there (see `DeliveryLanes`). */
export type DeliveryKey = [service: string, lane: string, ...order: number[]];

/** The one LMDB environment and its tables. Values are text: what they mean is parsed where they are read. */
export type Store = {
  /** As it was named: for messages. */
  directory: string;
  /** As the file system knows it. */
  realPath: string;
  root: RootDatabase<string, string>;
  /** The format, the owner and the next offset. */
  meta: Database<string, string>;
  /** service -> the event types it takes, as JSON. */
  subscriptions: Database<string, string>;
  /** offset -> the event and when it was published, as JSON. */
  audit: Database<string, number>;
  /** offset -> how many deliveries still need its event. */
  references: Database<string, number>;
  deliveries: Database<string, DeliveryKey>;
  /** offset -> a message from outside, as JSON. */
  inbox: Database<string, number>;
};

const formatKey = 'format';
const format = '1';

/** LMDB must not be opened twice in one process: closing one then pulls the map away under the other. */
const openHere = new Set<string>();

/**
 * Opens or makes the store. The directory and its parents are made.
 * @throws BusInUseError when this process has it open already
 * @throws BusUnavailableError when it cannot be opened, or is not a store of this version
 */
export async function openStore(directory: string): Promise<Store> {
  const realPath = prepareDirectory(directory);
  if (openHere.has(realPath)) throw new BusInUseError(directory, process.pid);
  refuseForeignFile(path.join(realPath, 'data.mdb'));
  // Without overlappingSync a commit returns once it is on disk: no moment in which it is visible but not durable.
  // noSubdir must be said: a directory whose name has a dot would be taken for a file.
  const root = attempt(directory, () =>
    open<string, string>({ path: realPath, noSubdir: false, overlappingSync: false, encoding: 'string', maxDbs: 8 }),
  );
  try {
    const store = { directory, realPath, root, ...attempt(directory, () => openTables(directory, root)) };
    openHere.add(realPath);
    return store;
  } catch (error) {
    await root.close();
    throw error;
  }
}

export async function closeStore(store: Store): Promise<void> {
  await store.root.close();
  openHere.delete(store.realPath);
}

function prepareDirectory(directory: string): string {
  return attempt(directory, () => {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return realpathSync(directory);
  });
}

function openTables(
  directory: string,
  root: RootDatabase<string, string>,
): Omit<Store, 'directory' | 'realPath' | 'root'> {
  const table = <K extends number | string | DeliveryKey>(name: string) =>
    root.openDB<string, K>({ name, encoding: 'string' });
  const meta = table<string>('meta');
  const found = meta.get(formatKey);
  if (found !== undefined && found !== format) {
    throw new BusUnavailableError(`the bus in ${directory} has format ${found}; this version reads format ${format}`);
  }
  if (found === undefined) meta.putSync(formatKey, format);
  return {
    meta,
    subscriptions: table('subscriptions'),
    audit: table('audit'),
    references: table('references'),
    deliveries: table('deliveries'),
    inbox: table('inbox'),
  };
}

/** LMDB's binding ends the process by a fault when the file is not LMDB's. Its magic lies behind the first page's header of 24 bytes. */
function refuseForeignFile(file: string): void {
  const header = readHeader(file);
  if (header.length === 0) return; // none yet, or made a moment ago: LMDB writes it anew
  const magic = 0xbeefc0de;
  const known = header.length >= 28 && (header.readUInt32LE(24) === magic || header.readUInt32BE(24) === magic);
  if (!known) throw new BusUnavailableError(`${file} is not a bus store: move it away to start with an empty one`);
}

function readHeader(file: string): Buffer {
  const header = Buffer.alloc(28);
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return Buffer.alloc(0); // not there; any other trouble is LMDB's to tell
  }
  try {
    return header.subarray(0, readSync(descriptor, header, 0, header.length, 0));
  } finally {
    closeSync(descriptor);
  }
}

function attempt<T>(directory: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof BusUnavailableError) throw cause;
    throw new BusUnavailableError(`the bus in ${directory} cannot be opened: ${String(cause)}`, { cause });
  }
}
