import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { Asking, Context } from './commands/context';

// A command that only answers has no status of its own.
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- async functions without a value return it
type Work<C> = (context: C, ...rest: never[]) => Promise<number | void>;
type Action = (this: Command, ...args: unknown[]) => Promise<void>;

/** How commands are run: each builds its context and keeps its exit status. */
export type Acts = {
  /** Needs no data directory, or makes one by itself. */
  act: (work: Work<Context>) => Action;
  /** Asks a data directory that is there, and must not make one. */
  ask: (work: Work<Asking>) => Action;
};

/** Options that every command takes. */
export const common = (command: Command): Command =>
  command
    .option('--data <dir>', 'the data directory (default: $KEELSON_DATA, else ./.keelson)')
    .option('--amqp <url>', 'RabbitMQ, without a password: amqp://user@host:5672/vhost (default: $KEELSON_AMQP)')
    .option('--s3 <url>', 'an S3-compatible store: https://host:9000/bucket/prefix (default: $KEELSON_S3)')
    .option('--json', 'one JSON object a line, for machines')
    .addOption(new Option('--no-color', 'no colours (also: NO_COLOR)'));

/** What people copy. */
export const examples = (command: Command, lines: readonly string[]): Command =>
  command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`);

/** A whole number in a range. */
export const whole =
  (least: number, most: number = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`It must be a whole number ${range}.`);
  };
