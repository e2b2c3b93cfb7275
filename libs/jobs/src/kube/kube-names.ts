import { createHash } from 'node:crypto';

/** On every object of ours: the job it belongs to, by the name its objects have. */
export const jobLabel = 'keelson/job';
/** On every Job of ours: the job's own name. */
export const nameAnnotation = 'keelson/name';
/** How long it may take from its start on, in milliseconds. */
export const timeoutAnnotation = 'keelson/timeout-ms';
/** That it was ended by us, how, and when. */
export const endAnnotation = 'keelson/end';
/** The kinds of what was made beside the Job, to be removed with it. */
export const kindsAnnotation = 'keelson/kinds';
/** That the namespace was made for the job, and goes with it. */
export const namespaceAnnotation = 'keelson/remove-namespace';
/** That the namespace was made for the job, and stays with all that is in it. */
export const keepAnnotation = 'keelson/keep-namespace';
/** On what stays for people to look at, where `jobLabel` was: it is no job of ours any more. */
export const keptLabel = 'keelson/kept';
/** Patterns of the files it keeps. */
export const artifactsAnnotation = 'keelson/artifacts';

/** What its container prints last of all when it has ended well. */
export const lastLineAnnotation = 'keelson/last-line';

/** Containers of ours in a pod; their output is nobody's. */
export const ownPrefix = 'keelson-';

const longest = 57; // a pod's name has six characters more, and 63 at most is a host name
const shape = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/** The name of a job's objects, and its label: dots would make a pod's host name invalid. */
export function kubeName(name: string): string {
  const plain = name.replaceAll('.', '-');
  if (plain.length <= longest && shape.test(plain)) return plain;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return `${plain.slice(0, longest - 13).replace(/-+$/, '')}-${hash}`;
}
