import { appendFileSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { logger } from '@keelson/service';
import type { Logger } from '@keelson/service';
import type { DataDirectory } from '../data-directory';

const largestLogBytes = 16 * 1024 * 1024;

/** The services' own log: a file in the data directory, for whoever asks why. The one before is kept when it has grown large. */
export function serviceLog(data: DataDirectory): Logger {
  const file = path.join(data.root, 'keelson.log');
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > largestLogBytes) renameSync(file, `${file}.1`);
  const write = (line: string) => {
    try {
      appendFileSync(file, line);
    } catch {
      // a full disk: what matters is told where it happens
    }
  };
  return logger('keelson', { destination: { write } });
}
