import type { ByteReader } from './byte-reader';
import { blockBytes, padding } from './tar-header';

/** The bytes are no archive that we read. */
export class TarError extends Error {
  readonly code = 'tar';
  override readonly name = 'TarError';
}

/** A header, with the long names of the records before it. The content follows in the reader: `sizeBytes`, then padding. */
export type TarMember = {
  /** Raw bytes, as the archive has them. */
  path: Buffer;
  kind: 'file' | 'directory' | 'symlink' | 'other';
  /** What the archive calls the kind, for messages. */
  type: string;
  executable: boolean;
  /** Permission bits. */
  mode: number;
  /** As `user:group`, by number. */
  owner: string;
  sizeBytes: number;
  target: Buffer;
  mtimeSeconds: number;
};

type Long = { path?: Buffer; target?: Buffer; sizeBytes?: number };

const longestRecord = 1_048_576;
const kinds: Readonly<Record<string, TarMember['kind']>> = {
  '0': 'file',
  '\0': 'file',
  '5': 'directory',
  '2': 'symlink',
};

/** The next member, in GNU, ustar or pax form; undefined at the end of the archive. @throws TarError */
export async function nextMember(reader: ByteReader): Promise<TarMember | undefined> {
  let long: Long = {};
  for (;;) {
    const header = await reader.take(blockBytes);
    if (header.every((byte) => byte === 0)) return undefined;
    checkSum(header);
    const type = header.toString('latin1', 156, 157);
    const sizeBytes = numberAt(header, 124, 12);
    if (!'LKxg'.includes(type)) return member(header, { type, sizeBytes, long });
    if (sizeBytes > longestRecord) throw new TarError('a name in the archive is too long');
    const record = await reader.take(sizeBytes);
    await reader.take(padding(sizeBytes));
    long = { ...long, ...readRecord(type, record) };
  }
}

function readRecord(type: string, record: Buffer): Long {
  if (type === 'L') return { path: untilNul(record) };
  if (type === 'K') return { target: untilNul(record) };
  if (type === 'g') return {}; // comments for the whole archive, such as git archive's commit id
  return paxRecord(record);
}

/** `length key=value LF`, again and again, with binary values (POSIX.1-2001 pax). */
function paxRecord(record: Buffer): Long {
  const long: Long = {};
  for (let at = 0; at < record.length;) {
    const space = record.indexOf(0x20, at);
    const length = Number(record.toString('latin1', at, space));
    const equals = record.indexOf(0x3d, space);
    if (space < 0 || equals < 0 || !(length > 0) || at + length > record.length)
      throw new TarError('a pax record is malformed');
    const key = record.toString('latin1', space + 1, equals);
    const value = record.subarray(equals + 1, at + length - 1);
    if (key === 'path') long.path = value;
    if (key === 'linkpath') long.target = value;
    if (key === 'size') long.sizeBytes = Number(value.toString('latin1'));
    at += length;
  }
  return long;
}

function member(header: Buffer, { type, sizeBytes, long }: { type: string; sizeBytes: number; long: Long }): TarMember {
  const kind = kinds[type] ?? 'other';
  const size = kind === 'file' ? (long.sizeBytes ?? sizeBytes) : 0;
  if (!Number.isSafeInteger(size) || size < 0) throw new TarError('a size in the archive is malformed');
  return {
    path: long.path ?? fullName(header),
    kind,
    type,
    executable: (numberAt(header, 100, 8) & 0o111) !== 0,
    mode: numberAt(header, 100, 8) & 0o7777,
    owner: `${numberAt(header, 108, 8)}:${numberAt(header, 116, 8)}`,
    sizeBytes: size,
    target: long.target ?? untilNul(header.subarray(157, 257)),
    mtimeSeconds: numberAt(header, 136, 12),
  };
}

/** ustar splits long names in two; GNU, which marks itself by the two spaces, uses that place otherwise. */
function fullName(header: Buffer): Buffer {
  const name = untilNul(header.subarray(0, 100));
  const posix = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = posix ? untilNul(header.subarray(345, 500)) : Buffer.alloc(0);
  return prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]);
}

function untilNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Octal digits, or base-256 where the highest bit is set. */
function numberAt(header: Buffer, at: number, length: number): number {
  if (((header[at] ?? 0) & 0x80) !== 0) return Number(header.readBigUInt64BE(at + length - 8));
  const text = header
    .toString('latin1', at, at + length)
    .replace(/[\0 ]+$/, '')
    .trim();
  if (!/^[0-7]*$/.test(text)) throw new TarError('a number in the archive is malformed');
  return text === '' ? 0 : Number.parseInt(text, 8);
}

function checkSum(header: Buffer): void {
  let sum = 8 * 0x20; // the field itself counts as spaces
  for (let at = 0; at < blockBytes; at += 1) if (at < 148 || at >= 156) sum += header[at] ?? 0;
  if (sum !== numberAt(header, 148, 8)) throw new TarError('the bytes are no tar archive, or a damaged one');
}
