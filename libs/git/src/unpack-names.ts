import { show } from './tree';

/** The archive would write where it should not, or what it should not. Nothing outside the directory was touched. */
export class HostileLayerError extends Error {
  readonly code = 'hostile-layer';
  override readonly name = 'HostileLayerError';
}

/**
 * Decides where each member of an archive goes: below the prefix, under directories that were made as directories, never
 * twice. Symbolic links are made last, so that nothing can be written through one.
 */
export class UnpackNames {
  /** Paths as latin1 text, one character per byte. */
  readonly #directories = new Set<string>(['']);
  readonly #others = new Set<string>();

  /** @param prefix without slashes around it; '' for none */
  constructor(private readonly prefix: string) {}

  /**
   * Where the member goes, relative; undefined for the prefix itself and its parents.
   * @throws HostileLayerError
   */
  place(path: Buffer): string | undefined {
    const segments = this.#segments(path);
    const wanted = this.prefix === '' ? [] : Buffer.from(this.prefix).toString('latin1').split('/');
    const shared = Math.min(segments.length, wanted.length);
    if (segments.slice(0, shared).join('/') !== wanted.slice(0, shared).join('/')) {
      throw new HostileLayerError(`the layer holds an entry outside of /${this.prefix}: ${show(path)}`);
    }
    return segments.length <= wanted.length ? undefined : segments.slice(wanted.length).join('/');
  }

  /** Notes a directory; the ones that have to be made for it, parents first. */
  directory(place: string): readonly string[] {
    const made: string[] = [];
    const parts = place.split('/');
    for (let length = 1; length <= parts.length; length += 1) {
      const directory = parts.slice(0, length).join('/');
      if (this.#others.has(directory)) this.#refuse('puts an entry below a file or a link', place);
      if (!this.#directories.has(directory)) made.push(directory);
      this.#directories.add(directory);
    }
    return made;
  }

  /** Notes a file or a link; the directories that have to be made for it. */
  leaf(place: string): readonly string[] {
    if (this.#others.has(place) || this.#directories.has(place)) this.#refuse('holds an entry twice', place);
    this.#others.add(place);
    const cut = place.lastIndexOf('/');
    const parent = cut < 0 ? '' : place.slice(0, cut);
    return this.#directories.has(parent) ? [] : this.directory(parent);
  }

  #segments(path: Buffer): readonly string[] {
    const text = path
      .toString('latin1')
      .replace(/^(\.\/+)+/, '')
      .replace(/\/+$/, '');
    if (text.startsWith('/')) throw new HostileLayerError(`the layer holds an absolute name: ${show(path)}`);
    const segments = text.split('/').filter((part) => part !== '' && part !== '.');
    if (segments.includes('..') || text.includes('\0')) {
      throw new HostileLayerError(`the layer holds a name that leads out: ${show(path)}`);
    }
    return segments;
  }

  #refuse(what: string, place: string): never {
    throw new HostileLayerError(`the layer ${what}: ${show(Buffer.from(place, 'latin1'))}`);
  }
}
