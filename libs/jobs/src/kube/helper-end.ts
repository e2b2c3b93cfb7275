import { constants } from 'node:os';
import { z } from 'zod';
import type { JobEnd } from '../jobs';

/** What the pod helper says of a command that an exit code cannot say: libs/jobs/pod/run.go. */
const helperWords = z.object({
  keelson: z.object({
    unstartable: z.string().optional(),
    signal: z.int().optional(),
    upload: z.string().optional(),
  }),
});

type HelperWords = z.infer<typeof helperWords>['keelson'];

/** @param message of a container that has ended; without the helper it is the command's own */
export function helperSaid(message: string): HelperWords {
  if (!message.startsWith('{"keelson":')) return {};
  try {
    return helperWords.parse(JSON.parse(message)).keelson;
  } catch {
    return {}; // the command may write there too, anything
  }
}

/** How the command ended, where the helper knows better than the exit code. */
export function helperEnd(message: string): JobEnd | undefined {
  const { unstartable, signal } = helperSaid(message);
  if (unstartable !== undefined)
    return { kind: 'unstartable', message: `the command could not be started: ${unstartable}` };
  const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0];
  return name === undefined ? undefined : { kind: 'signalled', signal: name };
}
