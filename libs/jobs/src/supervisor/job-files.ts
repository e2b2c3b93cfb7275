import path from 'node:path';

/** Where things are in a job's directory. */
export type JobFiles = {
  directory: string;
  /** What to run; there from the first moment on. */
  spec: string;
  /** Which supervisor the job was given to; before this is written, none has it. */
  given: string;
  /** The supervisor took the job; from here on it is never started again. */
  status: string;
  /** How it ended; last. */
  end: string;
  /** Stands for the image's root: the private copy of the source is below it, where the image has it. */
  work: string;
  /** Records of output, see output-record.ts. */
  output: string;
};

/**
 * Where the source is, and the command runs: `../build` beside `/src` works as it does in the image, and does not hit our files.
 * @param workdir in the image; cannot lead out
 */
export const sourceDirectory = ({ work }: JobFiles, workdir: string): string =>
  path.join(work, path.posix.join('/', workdir));

export const jobFiles = (directory: string): JobFiles => ({
  directory,
  spec: path.join(directory, 'spec.json'),
  given: path.join(directory, 'given.json'),
  status: path.join(directory, 'status.json'),
  end: path.join(directory, 'end.json'),
  work: path.join(directory, 'work'),
  output: path.join(directory, 'output'),
});
