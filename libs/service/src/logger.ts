import { pino } from 'pino';
import type { DestinationStream, Level } from 'pino';
import { prettyLine } from './pretty-line';

/** A constant message, and fields that say which: `logger.warn({ run, err }, 'a delivery failed')`. */
export type Logger = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error'>;

export type LoggerOptions = {
  /** The least grave level that is written. Default `info`. */
  level?: Level | 'silent';
  /** One line for people instead of JSON. Default false. */
  pretty?: boolean;
  /** Default: standard error, written at once, so that a crash loses nothing. */
  destination?: DestinationStream;
};

const secretNames = ['authorization', 'password', 'token', 'secret'];
const nesting = ['', '*.', '*.*.', '*.*.*.'];

/** A logger of JSON lines. Fields that are named like secrets, down to three levels, and passwords in URLs are never written. */
export function logger(name: string, { level = 'info', pretty = false, destination }: LoggerOptions = {}): Logger {
  const stderr = destination ?? pino.destination({ fd: 2, sync: true });
  const target = pretty ? { write: (line: string) => stderr.write(prettyLine(line)) } : stderr;
  const paths = nesting.flatMap((above) => secretNames.flatMap((field) => [above + field, above + capitalised(field)]));
  const settings = {
    name,
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths, censor: '[secret]' },
    hooks: { streamWrite: withoutPasswords },
  };
  return pino(settings, target);
}

const capitalised = (field: string): string => field.charAt(0).toUpperCase() + field.slice(1);

/** Error messages of others quote URLs whole. */
const withoutPasswords = (line: string): string => line.replace(/(:\/\/)[^/\s"@]+@/g, '$1[secret]@');
