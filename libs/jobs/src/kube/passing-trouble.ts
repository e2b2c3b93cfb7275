/**
 * Words of kubelets and runtimes that have too much to do, are being restarted or have no disk left: nothing is wrong with what
 * was asked for, and the same may do later, or on another machine.
 */
const words = [
  'failed to sync \\w+ cache',
  'timed out',
  'deadline exceeded',
  'is reserved for',
  'code = Unavailable',
  'connection refused',
  'transport is closing',
  'ttrpc: closed',
  'resource temporarily unavailable',
  'no space left on device',
];
const passing = new RegExp(words.join('|'), 'i');

/** Whether the machine is to blame for a container that could not be made or started. What follows `exec: ` is the command's own. */
export const isPassing = (message: string): boolean => passing.test(message) && !/exec: /.test(message);
