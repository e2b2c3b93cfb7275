import { MalformedLineError } from './log-errors';

/** One line of output, without its line end. */
export type LogLine = {
  /** RFC 3339 with nanoseconds, UTC: `2026-11-24T10:00:00.123456789Z`. */
  time: string;
  /** Anything but a line feed, carriage returns and NUL included. */
  bytes: Uint8Array;
  /** No line end followed: a piece of a longer line that the next LogLine goes on with, or the end of output that has no last line end. */
  partial?: boolean;
};

const lineFeed = 0x0a;
const timeShape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/;

/** @throws MalformedLineError when the line could not be told apart again once stored */
export function checkLine({ time, bytes }: LogLine): void {
  if (!timeShape.test(time)) {
    throw new MalformedLineError(`a log line has the time ${JSON.stringify(time)}: it must be UTC with nine decimals`);
  }
  if (bytes.includes(lineFeed)) throw new MalformedLineError(`the log line of ${time} has a line feed in it`);
}

/** A moment as log lines tell it. @param ms milliseconds since the epoch */
export const lineTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000000Z');
