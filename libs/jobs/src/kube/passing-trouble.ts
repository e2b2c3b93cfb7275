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

/** Words of an API server, and of what it asks, that cannot answer now or do not know yet what was just made. */
const refusalWords = [
  'Internal error occurred',
  'failed calling webhook',
  'no endpoints available',
  'etcdserver: ',
  'too many requests',
  'unable to handle the request',
  'exceeded quota',
  'status unknown for quota',
  'serviceaccount "default" not found',
];
const passingRefusal = new RegExp(refusalWords.join('|'), 'i');

/** Whether the cluster may make later what it refused to. */
export const isPassingRefusal = (message: string): boolean => passingRefusal.test(message) || isPassing(message);

/** Whether the machine is to blame for a container that could not be made or started. What follows `exec: ` is the command's own. */
export const isPassing = (message: string): boolean => passing.test(message) && !/exec: /.test(message);
