import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { Context } from './commands/context';

/** Whether a command reads a data directory, makes one, or has nothing to do with it. */
export type Need = 'data' | 'new-data' | 'none';

/** Wraps a command's work: builds its context, keeps its exit status. */
export type Act = (
  // A command that only answers has no status of its own.
  // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- async functions without a value return it
  work: (context: Context, ...rest: never[]) => Promise<number | void>,
  need?: Need,
) => (this: Command, ...args: unknown[]) => Promise<void>;

/** Options that every command takes. */
export const common = (command: Command): Command =>
  command
    .option('--data <dir>', 'the data directory (default: $KEELSON_DATA, else ./.keelson)')
    .option('--json', 'one JSON object a line, for machines')
    .addOption(new Option('--no-color', 'no colours (also: NO_COLOR)'));

/** A whole number from 0. */
export function count(text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isInteger(value) || value < 0) throw new InvalidArgumentError('it must be a whole number');
  return value;
}
