import { LogDamagedError } from './log-errors';
import { logGap } from './log-manifest';
import type { LogGap } from './log-manifest';

/** The gap that an entry of a chunk tells of. @throws LogDamagedError */
export function readGap(bytes: Uint8Array, prefix: string): LogGap {
  try {
    return logGap.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (cause) {
    throw new LogDamagedError(`a gap recorded in the chunks of ${prefix} cannot be read`, { cause });
  }
}
