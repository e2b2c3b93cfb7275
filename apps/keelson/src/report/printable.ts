/** Colour and weight only: other escape sequences of a test's output would move the cursor or rename the window. */
// eslint-disable-next-line no-control-regex -- an escape sequence begins with one
const sgr = /\u001b\[[0-9;]*m/g;

/** A line of output as it may go to a terminal: no control characters, colours kept where `isColoured`. */
export function printable(bytes: Uint8Array, isColoured: boolean): string {
  const text = Buffer.from(bytes).toString('utf8').replace(/\r+$/, '');
  if (!isColoured) return printableText(text.replace(sgr, ''));
  const pieces = text.split(sgr);
  const colours = text.match(sgr) ?? [];
  const shown = pieces.map((piece, at) => printableText(piece) + (colours[at] ?? '')).join('');
  return colours.length === 0 ? shown : `${shown}\u001b[0m`;
}

// Tabs may stay. Line and paragraph separators and the marks that turn the direction of writing could forge a line.
// eslint-disable-next-line no-control-regex -- control characters are what this is about
const control = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Text from outside (a path, a ref, a commit's subject) on one line of a terminal: no control characters. */
export const printableText = (text: string): string => text.replace(control, '\u00b7');

/** A message that may have several lines, each of them printable. */
export const printableLines = (text: string): readonly string[] => text.split('\n').map(printableText);
