import { hash, randomUUID } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as othersTurn, setTimeout as sleep } from 'node:timers/promises';

/** A file that was unpacked, as it was the moment it was complete. */
export type UnpackedFile = { path: Buffer; key: string; stat: FileState };

/** What changes whenever somebody touches a file, however well it is put back: the change time cannot be set. */
type FileState = Pick<BigIntStats, 'dev' | 'ino' | 'mode' | 'size' | 'mtimeNs' | 'ctimeNs' | 'nlink'>;

export type FilePoolLimits = { mostFiles?: number; mostBytes?: number };

const turnMs = 8;

/**
 * Files that were unpacked, used and given back untouched, by their content. To make 2,000 files is most of what a private copy costs;
 * to move them is not. A file that anybody wrote to, linked, or changed in any other way since it was unpacked is never taken back,
 * and directories are never reused: what takes files from here sees nothing of whoever had them before.
 */
export class FilePool {
  readonly #files = new Map<string, UnpackedFile[]>();
  /** Contents, the one that was given back longest ago first. */
  #count = 0;
  #bytes = 0;
  #named = 0;

  readonly #directory: string;

  /** @param place private, on the file system of what is unpacked; what an earlier process left in it is deleted */
  constructor(
    place: string,
    private readonly limits: FilePoolLimits = {},
  ) {
    mkdirSync(place, { recursive: true, mode: 0o700 });
    // Behind everybody's back; what cannot be deleted is tried again at the next start.
    for (const name of readdirSync(place))
      rm(path.join(place, name), { recursive: true, force: true }).catch(() => undefined);
    this.#directory = path.join(place, randomUUID());
    mkdirSync(this.#directory, { mode: 0o700 });
  }

  /** Names a content. */
  keyOf = (content: Buffer, executable: boolean): string =>
    `${hash('sha256', content, 'base64url')}${executable ? 'x' : ''}`;

  /** Moves a file of this content to a place where nothing is. False when there is none. */
  take(key: string, to: Buffer): boolean {
    const kept = this.#files.get(key);
    for (let file = kept?.pop(); file !== undefined; file = kept?.pop()) {
      this.#forget(file, kept);
      if (!isUntouched(file)) continue;
      renameSync(file.path, to);
      return true;
    }
    return false;
  }

  /** Takes back the files that are as they were unpacked; the others stay where they are. May be called while nobody uses them. */
  async giveBack(files: readonly UnpackedFile[]): Promise<void> {
    const { mostFiles = 20_000, mostBytes = 512 * 1024 * 1024 } = this.limits;
    let turnBegan = performance.now();
    for (const file of files) {
      if (this.#count >= mostFiles || this.#bytes + Number(file.stat.size) > mostBytes) this.#dropOldest();
      if (this.#count < mostFiles) this.#keep(file);
      if (performance.now() - turnBegan < turnMs) continue;
      await othersTurn();
      turnBegan = performance.now();
    }
  }

  /**
   * Notes how files are that have just been unpacked, once the file system's clock has moved on: whoever writes to one of them from then
   * on leaves a later change time.
   */
  async note(unpacked: readonly { path: Buffer; key: string }[]): Promise<readonly UnpackedFile[]> {
    const files = unpacked.map(({ path: at, key }) => ({ path: at, key, stat: stateOf(at) }));
    const last = files.reduce((latest, { stat }) => (stat.ctimeNs > latest ? stat.ctimeNs : latest), 0n);
    const probe = path.join(this.#directory, 'now');
    for (let looks = 0; looks < 50; looks += 1) {
      writeFileSync(probe, '');
      if (stateOf(Buffer.from(probe)).ctimeNs > last) return files;
      await sleep(1);
    }
    return []; // a clock that does not move, or was set back: it proves nothing
  }

  #keep(file: UnpackedFile): void {
    if (!isUntouched(file)) return;
    this.#named += 1;
    const own = Buffer.from(path.join(this.#directory, String(this.#named)));
    renameSync(file.path, own);
    const kept = { path: own, key: file.key, stat: stateOf(own) };
    const others = this.#files.get(file.key) ?? [];
    this.#files.delete(file.key); // the newest content goes last
    this.#files.set(file.key, [...others, kept]);
    this.#count += 1;
    this.#bytes += Number(file.stat.size);
  }

  #dropOldest(): void {
    for (const [, files] of this.#files) {
      const file = files.pop();
      if (file === undefined) continue;
      this.#forget(file, files);
      rmSync(file.path, { force: true });
      return;
    }
  }

  #forget(file: UnpackedFile, others: readonly UnpackedFile[] | undefined): void {
    this.#count -= 1;
    this.#bytes -= Number(file.stat.size);
    if (others?.length === 0) this.#files.delete(file.key);
  }
}

const stateOf = (at: Buffer): FileState => lstatSync(at, { bigint: true });

function isUntouched({ path: at, stat }: UnpackedFile): boolean {
  const now = lstatSync(at, { bigint: true, throwIfNoEntry: false });
  if (now?.isFile() !== true || now.nlink !== 1n) return false;
  const same = ['dev', 'ino', 'mode', 'size', 'mtimeNs', 'ctimeNs'] as const;
  return same.every((what) => now[what] === stat[what]);
}
