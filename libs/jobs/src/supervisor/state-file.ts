import { closeSync, fsyncSync, ftruncateSync, linkSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';

/** Room kept for the end, so that it can be told on a disk that has filled up. */
const reservedBytes = 4096;
const maxMessage = 1000;

/** Writes the file so that readers see all of it or nothing, and only if there is none. False when there is one. */
export function createStateFile(file: string, content: object): boolean {
  const temp = writeTemp(file, content);
  try {
    linkSync(temp, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(temp);
  }
}

/** Writes or replaces the file so that readers see all of it or what was there before. */
export function replaceStateFile(file: string, content: object): void {
  renameSync(writeTemp(file, content), file);
}

/** Brings the file and its name to the disk, without holding this process up. */
export async function syncStateFile(file: string): Promise<void> {
  for (const one of [file, path.dirname(file)]) {
    const handle = await open(one, 'r');
    try {
      await handle.sync();
    } catch (error) {
      ignoreUnsyncable(error);
    } finally {
      await handle.close();
    }
  }
}

function writeTemp(file: string, content: object): string {
  const temp = `${file}.${process.pid}.tmp`;
  const fd = openSync(temp, 'w', 0o600);
  try {
    writeSync(fd, JSON.stringify(content));
  } finally {
    closeSync(fd);
  }
  return temp;
}

/** A state file whose room on disk is taken before its content is known. */
export class ReservedFile {
  readonly #fd: number;
  readonly #temp: string;

  constructor(private readonly file: string) {
    this.#temp = `${file}.reserved`;
    this.#fd = openSync(this.#temp, 'w', 0o600);
    writeSync(this.#fd, ' '.repeat(reservedBytes));
  }

  /** Puts the content there, durably. To be called once. */
  write(content: object): void {
    const bytes = Buffer.from(JSON.stringify(content, shorten));
    writeSync(this.#fd, bytes, 0, bytes.byteLength, 0);
    ftruncateSync(this.#fd, bytes.byteLength);
    fsyncSync(this.#fd);
    closeSync(this.#fd);
    renameSync(this.#temp, this.file);
    syncDirectory(path.dirname(this.file));
  }
}

const shorten = (_key: string, value: unknown): unknown =>
  typeof value === 'string' ? value.slice(0, maxMessage) : value;

/** Makes the names in a directory durable. */
function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } catch (error) {
    ignoreUnsyncable(error);
  } finally {
    closeSync(fd);
  }
}

/** Some file systems cannot sync directories. */
function ignoreUnsyncable(error: unknown): void {
  if (!['EINVAL', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
}
