import { appendFileSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { logger } from '@keelson/service';
import type { Logger } from '@keelson/service';
import { z } from 'zod';

const largestLogBytes = 16 * 1024 * 1024;

/** What a line of the log is about: a fault has an error, or a reason. */
const logLine = z.object({
  level: z.string(),
  msg: z.string().optional(),
  service: z.string().optional(),
  run: z.string().optional(),
  reason: z.string().optional(),
  err: z.object({ message: z.string() }).optional(),
});

export type ServiceLogOptions = {
  /** Is told what is wrong, in words. @param about a run's id, or a service */
  tell: (about: string, message: string) => void;
  /** Above this size a new file is begun, and the one before is kept. */
  largestBytes?: number;
};

/** The services' own log: a file for whoever asks why. What is wrong is told at once too, so that nobody waits and wonders. */
export function serviceLog(file: string, { tell, largestBytes = largestLogBytes }: ServiceLogOptions): Logger {
  tried(() => {
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > largestBytes) renameSync(file, `${file}.1`);
  });
  const write = (line: string) => {
    tried(() => appendFileSync(file, line, { mode: 0o600 }));
    const { level, service = 'keelson', run, ...what } = logLine.parse(JSON.parse(line));
    if (level === 'warn' || level === 'error')
      tell(run ?? service, `${sentence(what)}; ${path.basename(file)} in the data directory has more`);
  };
  return logger('keelson', { destination: { write } });
}

/** On a full disk nothing is logged; what is wrong is still told. */
function tried(work: () => void): void {
  try {
    work();
  } catch {
    // as said
  }
}

function sentence({ msg = '', err, reason = '' }: Pick<z.infer<typeof logLine>, 'msg' | 'err' | 'reason'>): string {
  const [why = ''] = (err?.message ?? reason).split('\n', 1);
  return why === '' ? msg : `${msg}: ${why}`;
}
