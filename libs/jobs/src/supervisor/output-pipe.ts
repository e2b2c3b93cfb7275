import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** One pipe for both of a command's outputs, so that their order is kept. */
export type OutputPipe = {
  /** To be given to the command as its standard output and error. */
  writeFd: number;
  /** What was written. Ends when nobody can write any more: close our own writing end first. */
  source: Socket;
  closeWriting: () => void;
};

/**
 * Node makes a socket pair for each output, which loses the order between them, and `/dev/stdout` cannot be opened on a socket. A named
 * pipe, opened at both ends and removed again, is a plain pipe.
 */
export function openOutputPipe(): OutputPipe {
  const directory = mkdtempSync(path.join(tmpdir(), 'keelson-pipe-'));
  try {
    const file = path.join(directory, 'pipe');
    execFileSync('mkfifo', ['-m', '600', file]);
    const readFd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const writeFd = openSync(file, constants.O_WRONLY);
    const source = new Socket({ fd: readFd, readable: true, writable: false });
    return { writeFd, source, closeWriting: () => closeSync(writeFd) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
