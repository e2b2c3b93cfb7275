import { lutimesSync, mkdirSync, symlinkSync } from 'node:fs';
import { mkdir, open, readdir } from 'node:fs/promises';
import { setImmediate as othersTurn } from 'node:timers/promises';
import type { ByteReader } from './byte-reader';
import { checkPrefix } from './layer';
import { modeOf, writeFile } from './file-pool';
import type { FilePool } from './file-pool';
import { withLayerReader } from './layer-reader';
import { padding } from './tar-header';
import { nextMember, TarError } from './tar-reader';
import type { TarMember } from './tar-reader';
import { show } from './tree';
import { HostileLayerError, UnpackNames } from './unpack-names';

export type UnpackOptions = {
  /** Absolute directory, empty or not there yet, that nobody else writes to. */
  into: string;
  /** What the layer's tree was put under; taken off, and everything outside of it refused. Default `/`. */
  prefix?: string;
  /** Bytes of all files; default 16 GiB. */
  maxBytes?: number;
  /** Where files may be taken from instead of being written. */
  pool?: FilePool | undefined;
  signal?: AbortSignal;
};

export type Unpacked = { files: number };

/** Larger files are never held whole. */
export const smallFileBytes = 1_048_576;
const turnMs = 8;

/**
 * Writes a layer made by `treeLayer`, or any tar archive (gzip or not), into a directory. Only files, directories and symbolic
 * links, only below the directory; owners are ours, modes follow the umask, times are the archive's.
 * Small files are written synchronously, a few milliseconds at a time: through the thread pool each costs five times as much.
 * @throws HostileLayerError; TarError; the file system's own errors. What was written by then stays: remove the directory
 */
export async function unpackLayer(source: AsyncIterable<Uint8Array>, options: UnpackOptions): Promise<Unpacked> {
  await mkdir(options.into, { recursive: true });
  if ((await readdir(options.into)).length > 0) throw new HostileLayerError(`${options.into} is not empty`);
  return withLayerReader(source, options.signal, async (reader) => {
    try {
      return await new Unpacking(reader, options).run();
    } catch (error) {
      options.signal?.throwIfAborted();
      throw error;
    }
  });
}

class Unpacking {
  readonly #names: UnpackNames;
  readonly #into: Buffer;
  readonly #links: { place: string; target: Buffer; mtimeSeconds: number }[] = [];
  #files = 0;
  #bytes = 0;
  #turnBegan = performance.now();

  constructor(
    private readonly reader: ByteReader,
    private readonly options: UnpackOptions,
  ) {
    this.#names = new UnpackNames(checkPrefix(options.prefix ?? '/'));
    this.#into = Buffer.from(`${options.into}/`);
  }

  async run(): Promise<Unpacked> {
    for (let member = await nextMember(this.reader); member !== undefined; member = await nextMember(this.reader)) {
      await this.#member(member);
    }
    // Links last: until now no path can lead through one.
    for (const { place, target, mtimeSeconds } of this.#links) {
      symlinkSync(target, this.#path(place));
      lutimesSync(this.#path(place), mtimeSeconds, mtimeSeconds);
      await this.#yield();
    }
    return { files: this.#files };
  }

  async #member(member: TarMember): Promise<void> {
    const place = this.#names.place(member.path);
    if (member.kind === 'other') {
      throw new HostileLayerError(`the layer holds ${show(member.path)} of type ${JSON.stringify(member.type)}`);
    }
    if (member.kind === 'directory') {
      if (place !== undefined) this.#make(this.#names.directory(place));
      return;
    }
    if (place === undefined)
      throw new HostileLayerError(`the layer holds ${show(member.path)} where a directory belongs`);
    this.#make(this.#names.leaf(place));
    this.#files += 1;
    await this.#yield();
    if (member.kind === 'symlink') this.#links.push({ ...member, place });
    else await this.#file(place, member);
  }

  #make(directories: readonly string[]): void {
    for (const directory of directories) mkdirSync(this.#path(directory));
  }

  async #file(place: string, member: TarMember): Promise<void> {
    const { sizeBytes } = member;
    this.#bytes += sizeBytes;
    if (this.#bytes > (this.options.maxBytes ?? 17_179_869_184)) throw new TarError('the layer is larger than allowed');
    if (sizeBytes > smallFileBytes) await this.#largeFile(place, member);
    else this.#smallFile(place, await this.reader.take(sizeBytes), member);
    await this.reader.take(padding(sizeBytes));
  }

  #smallFile(place: string, content: Buffer, { executable, mtimeSeconds }: TarMember): void {
    const file = { content, executable, mtimeSeconds };
    const path = this.#path(place);
    if (this.options.pool?.take(file, path) !== true) writeFile(path, file);
  }

  async #largeFile(place: string, member: TarMember): Promise<void> {
    const file = await open(this.#path(place), 'wx', modeOf(member.executable));
    try {
      for (let left = member.sizeBytes; left > 0;) {
        const chunk = await this.reader.some(left);
        left -= chunk.length;
        await file.writeFile(chunk);
      }
      await file.utimes(member.mtimeSeconds, member.mtimeSeconds);
    } finally {
      await file.close();
    }
  }

  /** Lets everything else in this process go on after some milliseconds of work. */
  async #yield(): Promise<void> {
    if (performance.now() - this.#turnBegan < turnMs) return;
    await othersTurn();
    this.#turnBegan = performance.now();
  }

  #path(place: string): Buffer {
    return Buffer.concat([this.#into, Buffer.from(place, 'latin1')]);
  }
}
