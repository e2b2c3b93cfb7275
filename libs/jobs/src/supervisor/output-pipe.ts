import { execFile } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

/** One pipe for both of a command's outputs, so that their order is kept. */
export type OutputPipe = {
  /** To be given to the command as its standard output and error. To be closed then: the output ends when nobody can write any more. */
  writing: FileHandle;
  /** What was written. */
  source: Socket;
};

/**
 * Node makes a socket pair for each output, which loses the order between them, and `/dev/stdout` cannot be opened on a socket. A named
 * pipe, opened at both ends and removed again, is a plain pipe.
 */
export async function openOutputPipe(): Promise<OutputPipe> {
  const directory = await mkdtemp(path.join(tmpdir(), 'keelson-pipe-'));
  try {
    const file = path.join(directory, 'pipe');
    await promisify(execFile)('mkfifo', ['-m', '600', file]);
    const readFd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const source = new Socket({ fd: readFd, readable: true, writable: false });
    return { writing: await open(file, constants.O_WRONLY), source };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
