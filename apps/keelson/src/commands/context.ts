import { Ledger } from '@keelson/ledger';
import type { DataDirectory } from '../data-directory';
import type { LineOutput } from '../report/output';

/** What every command gets: where the data is, where to write, how to end. */
export type Context = {
  data: DataDirectory;
  ledger: Ledger;
  output: LineOutput;
  problems: LineOutput;
  isJson: boolean;
  isColoured: boolean;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
};

/** Writes a value as one line of JSON. */
export const writeJson = (context: Context, value: unknown): Promise<void> =>
  context.output.write(JSON.stringify(value));
