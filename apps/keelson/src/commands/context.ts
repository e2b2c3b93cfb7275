import type { Ledger } from '@keelson/ledger';
import type { DataDirectory } from '../data-directory';
import type { LineOutput } from '../report/output';

/** What every command gets: where the data would be, and where to write. */
export type Context = {
  data: DataDirectory;
  output: LineOutput;
  problems: LineOutput;
  isJson: boolean;
  isColoured: boolean;
};

/** What a command gets that works with a data directory which is there. */
export type DataContext = Context & { ledger: Ledger };

/** What a question gets besides. */
export type Asking = DataContext & {
  /** Aborted by Ctrl-C, and when nobody reads the answer any more. */
  signal: AbortSignal;
};

/** Writes a value as one line of JSON. */
export const writeJson = ({ output }: Pick<Context, 'output'>, value: unknown): Promise<void> =>
  output.write(JSON.stringify(value));
