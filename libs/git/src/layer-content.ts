import type { BlobCache } from './blob-cache';
import { withSession } from './git-session';
import type { PlacedEntry } from './layer-entries';
import type { ObjectHeader, ObjectProcess } from './object-process';
import { ObjectMissingError } from './object-id';
import type { TarEntry } from './tar-header';
import type { TarWriter } from './tar-writer';
import { HostileTreeError, show, TreeTooLargeError } from './tree';

export type ContentOptions = { maxBytes: number; cache?: BlobCache | undefined; signal?: AbortSignal | undefined };

/** An entry, and its content where that is known already. */
type Wanted = { entry: PlacedEntry; known: Buffer | undefined };

const askAhead = 512;
const holdWhole = 1_048_576;
const longestTarget = 4_095;
const namedPointers = 10;
/** Git LFS keeps a file's content elsewhere and this in its place (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md). */
const pointerStart = Buffer.from('version https://git-lfs');
const pointerLimit = 1_024;

/** Writes the entries in order, with their contents. */
export async function writeContents(
  entries: readonly PlacedEntry[],
  writer: TarWriter,
  options: ContentOptions,
): Promise<{ files: number; warnings: readonly string[] }> {
  const work = new ContentWork(writer, options);
  for (const run of runsOf(entries)) {
    const [first] = run;
    if (first === undefined) continue;
    await withSession(first.source, (session) => session.use((objects) => work.write(run, objects), options.signal));
  }
  return { files: work.files, warnings: work.warnings() };
}

/** Entries in a row that are read from the same repository. */
function runsOf(entries: readonly PlacedEntry[]): readonly (readonly PlacedEntry[])[] {
  const runs: PlacedEntry[][] = [];
  let current: PlacedEntry[] = [];
  for (const entry of entries) {
    if (current[0]?.source !== entry.source) runs.push((current = []));
    current.push(entry);
  }
  return runs;
}

class ContentWork {
  files = 0;
  #bytes = 0;
  #pointers = 0;
  readonly #pointerNames: string[] = [];

  constructor(
    private readonly writer: TarWriter,
    private readonly options: ContentOptions,
  ) {}

  async write(run: readonly PlacedEntry[], objects: ObjectProcess): Promise<void> {
    const { cache } = this.options;
    // All at once: what is known now need not be when its turn comes.
    const all = run.map((entry): Wanted => ({
      entry,
      known: isFile(entry) ? cache?.get(entry.source, entry.id) : undefined,
    }));
    const asking = all.filter(({ entry, known }) => entry.kind !== 'directory' && known === undefined);
    let asked = 0;
    let read = 0;
    for (const { entry, known } of all) {
      if (entry.kind === 'directory') await this.writer.entry({ kind: 'directory', path: entry.path });
      else if (known !== undefined) await this.#known(entry, known);
      else {
        if (asked - read < askAhead / 2) {
          objects.ask(asking.slice(asked, asked + askAhead).map(({ entry: { id } }) => id));
          asked = Math.min(asking.length, asked + askAhead);
        }
        read += 1;
        await this.#content(entry, objects);
      }
    }
  }

  warnings(): readonly string[] {
    if (this.#pointers === 0) return [];
    const more = this.#pointers - this.#pointerNames.length;
    return [
      `Git LFS pointers instead of the files themselves: ${this.#pointerNames.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
    ];
  }

  async #content(entry: PlacedEntry, objects: ObjectProcess): Promise<void> {
    const header = await objects.header();
    if (header?.type !== 'blob') {
      throw new ObjectMissingError(`the content of ${show(entry.path)}, ${entry.id}, is not in the repository`);
    }
    this.#count(header.sizeBytes);
    if (entry.kind === 'symlink') await this.#symlink(entry, objects, header);
    else await this.#file(entry, objects, header);
  }

  #count(sizeBytes: number): void {
    this.files += 1;
    this.#bytes += sizeBytes;
    if (this.#bytes > this.options.maxBytes) {
      throw new TreeTooLargeError(`the tree's files have more than ${this.options.maxBytes} bytes in all`);
    }
  }

  async #symlink(entry: PlacedEntry, objects: ObjectProcess, header: ObjectHeader): Promise<void> {
    const fits = header.sizeBytes > 0 && header.sizeBytes <= longestTarget;
    const target = fits ? await objects.content(header) : undefined;
    if (target === undefined || target.includes(0)) {
      throw new HostileTreeError(`the symbolic link ${show(entry.path)} has a target that no system allows`);
    }
    await this.writer.entry({ kind: 'symlink', path: entry.path, target });
  }

  async #file(entry: PlacedEntry, objects: ObjectProcess, header: ObjectHeader): Promise<void> {
    const { sizeBytes } = header;
    if (sizeBytes <= holdWhole) {
      const content = await objects.content(header);
      this.options.cache?.add(entry.source, entry.id, content);
      await this.#smallFile(entry, content);
    } else {
      await this.writer.entry(fileOf(entry, sizeBytes));
      for await (const chunk of objects.chunks(header)) await this.writer.write(chunk);
      await this.writer.pad(sizeBytes);
    }
  }

  async #known(entry: PlacedEntry, content: Buffer): Promise<void> {
    this.#count(content.length);
    await this.#smallFile(entry, content);
  }

  async #smallFile(entry: PlacedEntry, content: Buffer): Promise<void> {
    const start = content.subarray(0, pointerStart.length);
    if (content.length < pointerLimit && start.equals(pointerStart)) this.#pointer(entry.path);
    await this.writer.entry(fileOf(entry, content.length));
    await this.writer.write(content);
    await this.writer.pad(content.length);
  }

  #pointer(path: Buffer): void {
    this.#pointers += 1;
    if (this.#pointerNames.length < namedPointers) this.#pointerNames.push(show(path));
  }
}

const isFile = ({ kind }: PlacedEntry): boolean => kind === 'file' || kind === 'executable';

const fileOf = ({ path, kind }: PlacedEntry, sizeBytes: number): TarEntry => ({
  ...{ kind: 'file', path, executable: kind === 'executable', sizeBytes },
});
