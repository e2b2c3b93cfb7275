import type { Fault, Position } from './fault';
import { LineIndex } from './line-index';

/** The pipeline file, at the top of the repository. */
export const pipelineFile = '.keelson.yaml';

/** What is larger is refused unread: a pipeline file is written by people. */
export const maxPipelineBytes = 262_144;

// What YAML 1.2 does not allow in a file (c-printable), but for surrogates, which UTF-8 cannot hold.
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const controlCharacter = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f]/;

/** How large a file may be, and what it is called then. */
export type FileLimit = { maxBytes: number; what: string };

const pipelineLimit: FileLimit = { maxBytes: maxPipelineBytes, what: 'a pipeline file' };

/** The file's text, without a byte-order mark; or the one fault that keeps it from being read as text. */
export function fileText(
  content: Uint8Array | string,
  limit = pipelineLimit,
): { ok: true; text: string } | { ok: false; fault: Fault } {
  const sizeBytes = typeof content === 'string' ? Buffer.byteLength(content) : content.byteLength;
  if (sizeBytes > limit.maxBytes) return refused({ line: 1, column: 1 }, tooLarge(sizeBytes, limit));
  const text = typeof content === 'string' ? content.replace(/^\ufeff/, '') : decoded(content);
  if (text === undefined) return notUtf8(Buffer.from(content));
  const at = text.search(controlCharacter);
  if (at < 0) return { ok: true, text };
  const code = text.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0');
  return refused(new LineIndex(text).position(at), `the control character U+${code} may not be in a YAML file`);
}

function refused(at: Position, message: string, hint?: string): { ok: false; fault: Fault } {
  return { ok: false, fault: { ...at, path: '', message, ...(hint === undefined ? {} : { hint }) } };
}

/** Who reads a file only up to one byte too many does not know its size: then none is named. */
function tooLarge(sizeBytes: number, { maxBytes, what }: FileLimit): string {
  const size =
    sizeBytes < 1_048_576 ? `${Math.ceil(sizeBytes / 1024)} KiB` : `${Math.round(sizeBytes / 1_048_576)} MiB`;
  const has = sizeBytes > maxBytes + 1 ? `is ${size}` : 'is too large';
  return `the file ${has}; ${what} may have at most ${maxBytes / 1024} KiB`;
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined; // says only that, not where: the caller looks for the place
  }
}

function notUtf8(bytes: Buffer): { ok: false; fault: Fault } {
  const isUtf16 = bytes[0] === 0xff ? bytes[1] === 0xfe : bytes[0] === 0xfe && bytes[1] === 0xff;
  const hint = `${isUtf16 ? 'it looks like UTF-16; ' : ''}save it as UTF-8`;
  let start = 0;
  for (let line = 1; ; line += 1) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    const row = bytes.subarray(start, end);
    if (decoded(row) === undefined || newline < 0) {
      const column = Math.max(row.toString('utf8').indexOf('\ufffd'), 0) + 1;
      return refused({ line, column }, 'the file is not UTF-8', hint);
    }
    start = end + 1;
  }
}
