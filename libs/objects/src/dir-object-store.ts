import { constants } from 'node:fs';
import { link, lstat, mkdir, open, realpath, rename, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { checkByteRange } from './byte-range';
import { Directories } from './directories';
import { DirectorySync } from './directory-sync';
import { asStoreError, errorCode } from './file-error';
import { directoryPath, filePath } from './file-name';
import { segmentsAt, walk } from './key-walk';
import { checkKey, checkPrefix, checkSegmentPrefix } from './object-key';
import { ObjectStoreError } from './object-store';
import type { ByteRange, ObjectInfo, ObjectStore } from './object-store';
import { TempFiles } from './temp-files';

/** A put makes its directories again this often when deletes keep removing them. */
const maxTries = 50;

/**
 * Objects as files below one directory. A put is a durable temporary file that is then linked (if-absent) or renamed to
 * its place, so a reader, and a crash at any moment, sees all of it or nothing. Several processes may use one directory.
 * The root's file system must have hard links; see file-name.ts for the names.
 */
export class DirObjectStore implements ObjectStore {
  private readonly root: string;

  private constructor(
    private readonly temps: TempFiles,
    private readonly directories: Directories,
  ) {
    this.root = directories.root;
  }

  /** Opens the store in a directory, made if need be. @throws ObjectStoreError */
  static async open(root: string): Promise<DirObjectStore> {
    return telling(`opening the object store ${root}`, async () => {
      await mkdir(root, { recursive: true, mode: 0o700 });
      const real = await realpath(root);
      const syncs = new DirectorySync();
      const temps = await TempFiles.open(path.join(real, '.tmp'));
      await Promise.all([syncs.sync(path.dirname(real)), syncs.sync(real)]);
      return new DirObjectStore(temps, new Directories(real, syncs));
    });
  }

  async put(key: string, bytes: Uint8Array, options: { ifAbsent?: boolean } = {}): Promise<'written' | 'exists'> {
    checkKey(key);
    const file = path.join(this.root, filePath(key));
    const place = options.ifAbsent === true ? linkTo : renameTo;
    return telling(`storing the object ${key} in ${this.root}`, async () => {
      // Looked up first only to spare the bytes a way to the disk, which may be full; the link decides.
      if (options.ifAbsent === true && (await sizeOf(file)) !== undefined) {
        await this.directories.settle(path.dirname(file));
        return 'exists';
      }
      for (let tries = 0; tries < maxTries; tries += 1) {
        const placed = await this.tryPut(file, bytes, place);
        if (placed !== 'directory gone') return placed;
        this.directories.forget(path.dirname(file));
      }
      throw new ObjectStoreError(
        `storing the object ${key} in ${this.root} failed: its directory is removed again and again`,
        true,
      );
    });
  }

  async get(key: string, range?: ByteRange): Promise<Uint8Array | undefined> {
    checkKey(key);
    if (range !== undefined) checkByteRange(range);
    return telling(`reading the object ${key} in ${this.root}`, () =>
      withFile(path.join(this.root, filePath(key)), (handle, sizeBytes) => {
        const first = Math.min(range?.first ?? 0, sizeBytes);
        const end = Math.min((range?.last ?? Infinity) + 1, sizeBytes);
        return readBytes(handle, first, end);
      }),
    );
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    checkKey(key);
    return telling(`looking up the object ${key} in ${this.root}`, async () => {
      const sizeBytes = await sizeOf(path.join(this.root, filePath(key)));
      return sizeBytes === undefined ? undefined : { key, sizeBytes };
    });
  }

  async *list(prefix: string, options: { after?: string } = {}): AsyncIterable<ObjectInfo> {
    const after = options.after ?? '';
    checkPrefix(prefix);
    checkPrefix(after);
    try {
      yield* walk(this.place(prefix.slice(0, prefix.lastIndexOf('/') + 1)), { prefix, after });
    } catch (error) {
      throw asStoreError(error, `listing the objects ${prefix}* in ${this.root}`);
    }
  }

  async listSegments(prefix: string): Promise<readonly string[]> {
    checkSegmentPrefix(prefix);
    return telling(`listing the segments of ${prefix}* in ${this.root}`, () => segmentsAt(this.place(prefix)));
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    const file = path.join(this.root, filePath(key));
    await telling(`deleting the object ${key} in ${this.root}`, async () => {
      if (!(await this.directories.exists(path.dirname(file)))) return;
      await unlink(file).catch(ignoreAbsent);
      // Also when it was gone before: the process that removed it may have died before its own sync.
      await this.directories.prune(path.dirname(file));
    });
  }

  private place(prefix: string) {
    return { directory: path.join(this.root, directoryPath(prefix)), key: prefix };
  }

  private async tryPut(
    file: string,
    bytes: Uint8Array,
    place: Placing,
  ): Promise<'written' | 'exists' | 'directory gone'> {
    const directory = this.directories.ensure(path.dirname(file));
    const temp = await this.temps.write(bytes);
    try {
      await directory.made;
      const placed = await place(temp, file);
      // Its second name, where it has one, goes while the first one is made durable.
      const removed = this.temps.remove(temp);
      if (placed !== 'directory gone') await this.directories.settle(path.dirname(file), directory);
      await removed;
      return placed;
    } catch (error) {
      await this.temps.remove(temp);
      // ENOENT while making directories: a delete removed one above.
      if (errorCode(error) === 'ENOENT') return 'directory gone';
      throw error;
    }
  }
}

type Placing = (temp: string, file: string) => Promise<'written' | 'exists' | 'directory gone'>;

const linkTo: Placing = async (temp, file) => {
  try {
    await link(temp, file);
    return 'written';
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return 'exists';
    if (errorCode(error) === 'ENOENT') return 'directory gone';
    throw error;
  }
};

const renameTo: Placing = async (temp, file) => {
  try {
    await rename(temp, file);
    return 'written';
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 'directory gone';
    throw error;
  }
};

async function telling<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asStoreError(error, what);
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    const found = await lstat(file);
    return found.isFile() ? found.size : undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Runs `read` on the open file; undefined when there is none. A symbolic link is not followed. */
async function withFile<T>(
  file: string,
  read: (handle: FileHandle, sizeBytes: number) => Promise<T>,
): Promise<T | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return await read(handle, (await handle.stat()).size);
  } finally {
    await handle.close();
  }
}

async function readBytes(handle: FileHandle, first: number, end: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(Math.max(0, end - first));
  for (let at = 0; at < bytes.byteLength;) {
    const { bytesRead } = await handle.read(bytes, at, bytes.byteLength - at, first + at);
    // Objects never shrink in place; somebody else's hand is in the directory.
    if (bytesRead === 0) throw new ObjectStoreError(`the object ended ${bytes.byteLength - at} bytes early`, true);
    at += bytesRead;
  }
  return bytes;
}

function ignoreAbsent(error: unknown): void {
  if (errorCode(error) !== 'ENOENT') throw error;
}
