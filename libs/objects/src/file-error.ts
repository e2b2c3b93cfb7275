import { ObjectStoreError } from './object-store';

/** What the operator can do, by the error the file system gave. */
const advice: Readonly<Record<string, string>> = {
  ENOENT: 'the directory of the store is gone: was it moved or removed?',
  ENOSPC: 'the disk is full: free some space',
  EDQUOT: 'the disk quota is used up: free some space or raise it',
  EIO: 'the disk reports an error: check the disk and its cables, and the system log',
  EMFILE: 'too many files are open: raise the limit of open files',
  ENFILE: 'too many files are open on this machine: raise its limit',
  EACCES: 'permission denied: let this user read and write there',
  EPERM: 'not permitted: this user must own the directory, and its file system must have hard links',
  EROFS: 'the file system is read-only: mount it writable or choose another directory',
  ELOOP: 'a symbolic link is in the way: remove it',
  ENOTDIR: 'something that is not a directory is in the way: remove it',
  EISDIR: 'a directory is in the way: remove it',
  ENAMETOOLONG: 'the path is too long: choose a directory with a shorter path',
};

/** Errors that stay until somebody changes something. All others may pass. */
const lasting = new Set(['EACCES', 'EPERM', 'EROFS', 'ELOOP', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'EINVAL']);

/** The code of a system error, `ENOENT`; undefined for any other error. */
export function errorCode(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/** A system error as the port tells it; any other error as it is. @param what what was tried, on which key */
export function asStoreError(error: unknown, what: string): unknown {
  const code = errorCode(error);
  if (code === undefined) return error;
  const message = `${what} failed with ${code}: ${advice[code] ?? 'the file system refused'}`;
  return new ObjectStoreError(message, !lasting.has(code), { cause: error });
}
