import { getSystemErrorMap } from 'node:util';

/** What a tool is given and where it writes: a process's own, or a test's. */
export type ToolIo = {
  /** What is left of the command line behind the tool's name. */
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** All of standard input. */
  stdin: () => Promise<Buffer>;
  stdout: (text: string | Uint8Array) => void;
  stderr: (text: string) => void;
  /** Whether a person reads standard error: then warnings are shown. */
  isTerminal: boolean;
  now: () => Date;
};

/** The tool ends with this status, and this message on standard error. */
export class ToolFailure extends Error {
  readonly code = 'tool-failure';
  override readonly name = 'ToolFailure';
  /** 0 to 255, as the shell sees it. */
  readonly status: number;

  /** @param status as the tools' scripts know it: -1 is 255 */
  constructor(status: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status & 255;
  }
}

/** Turns whatever a step throws into the tool's own status and words. @param words before the error's message */
export async function orFail<T>(status: number, words: string, work: T | Promise<T> | (() => T)): Promise<T> {
  try {
    return await (work instanceof Function ? work() : work);
  } catch (cause) {
    if (cause instanceof ToolFailure) throw cause;
    throw new ToolFailure(status, `${words}${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

/** Runs a tool to its exit status; a failure is told on standard error. */
export async function toStatus(io: ToolIo, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ToolFailure)) throw error;
    io.stderr(error.message.endsWith('\n') || error.message === '' ? error.message : `${error.message}\n`);
    return error.status;
  }
}

/** A system call's failure in the words of the system: `open job.yaml: no such file or directory`. @param file as it was named */
export async function named<T>(call: string, file: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const words = getSystemErrorMap().get((cause as NodeJS.ErrnoException).errno ?? 0)?.[1];
    throw words === undefined ? cause : new Error(`${call} ${file}: ${words}`, { cause });
  }
}
