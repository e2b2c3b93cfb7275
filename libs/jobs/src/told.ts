import { JobsError } from './jobs';

/** Errors of the file system as the port tells them. @param what what was tried, on which job */
export async function told<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const transient = error instanceof JobsError ? error.transient : true;
    throw new JobsError(`${what} failed: ${(error as Error).message}`, transient, { cause: error });
  }
}
