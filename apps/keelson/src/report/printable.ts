/** Colour and weight only: other escape sequences of a test's output would move the cursor or rename the window. */
// eslint-disable-next-line no-control-regex -- an escape sequence begins with one
const sgr = /\u001b\[[0-9;]*m/g;

/** A line of output as it may go to a terminal: no control characters, colours kept where `isColoured`. */
export function printable(bytes: Uint8Array, isColoured: boolean): string {
  const text = Buffer.from(bytes).toString('utf8');
  if (!isColoured) return clean(text.replace(sgr, ''));
  const pieces = text.split(sgr);
  const colours = text.match(sgr) ?? [];
  const shown = pieces.map((piece, at) => clean(piece) + (colours[at] ?? '')).join('');
  return colours.length === 0 ? shown : `${shown}\u001b[0m`;
}

// eslint-disable-next-line no-control-regex -- control characters are what this is about
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
const clean = (text: string): string => text.replace(/\r$/, '').replace(control, '\u00b7');

/** `840 ms`, `1.9 s`, `2 min 03 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}
