/** One entry of a tar archive. Names and targets are raw bytes. */
export type TarEntry =
  | { kind: 'directory'; path: Buffer }
  | { kind: 'file'; path: Buffer; executable: boolean; sizeBytes: number }
  | { kind: 'symlink'; path: Buffer; target: Buffer };

export const blockBytes = 512;

/**
 * The one time every entry has: 2000-01-01T00:00:00Z. Not 0, for zip archives cannot say anything before 1980 and tools
 * that make them from our files would fail.
 */
export const constantMtimeSeconds = 946_684_800;

const longestField = 100;
const largestOctal = 8_589_934_591;
const typeOf = { directory: '5', file: '0', symlink: '2' } as const;

/** Bytes from here to the next block. */
export const padding = (sizeBytes: number): number => (blockBytes - (sizeBytes % blockBytes)) % blockBytes;

/**
 * The header blocks of an entry, long names and targets included, in GNU format: it takes any bytes as a name, and GNU tar,
 * libarchive, Go and Python read it.
 * @see https://www.gnu.org/software/tar/manual/html_node/Standard.html
 */
export function tarHeader(entry: TarEntry): Buffer {
  const { path, target, mode, sizeBytes } = describe(entry);
  const blocks: Buffer[] = [];
  if (target.length > longestField) blocks.push(longRecord('K', target));
  if (path.length > longestField) blocks.push(longRecord('L', path));
  const fields = { path, target, mode, sizeBytes, mtimeSeconds: constantMtimeSeconds, type: typeOf[entry.kind] };
  return Buffer.concat([...blocks, block(fields)]);
}

function describe(entry: TarEntry): { path: Buffer; target: Buffer; mode: number; sizeBytes: number } {
  const none = Buffer.alloc(0);
  switch (entry.kind) {
    case 'directory':
      return { path: Buffer.concat([entry.path, Buffer.from('/')]), target: none, mode: 0o755, sizeBytes: 0 };
    case 'symlink':
      return { path: entry.path, target: entry.target, mode: 0o777, sizeBytes: 0 };
    case 'file':
      return { path: entry.path, target: none, mode: entry.executable ? 0o755 : 0o644, sizeBytes: entry.sizeBytes };
  }
}

/** `././@LongLink`: the name or target of the entry that follows, ending in NUL. */
function longRecord(type: 'K' | 'L', text: Buffer): Buffer {
  const sizeBytes = text.length + 1;
  const path = Buffer.from('././@LongLink');
  const header = block({ path, target: Buffer.alloc(0), mode: 0o644, sizeBytes, mtimeSeconds: 0, type });
  return Buffer.concat([header, text, Buffer.alloc(1 + padding(sizeBytes))]);
}

type Fields = { path: Buffer; target: Buffer; mode: number; sizeBytes: number; mtimeSeconds: number; type: string };

function block(fields: Fields): Buffer {
  const header = Buffer.alloc(blockBytes);
  fields.path.copy(header, 0, 0, longestField);
  header.write(octal(fields.mode, 7), 100, 'latin1');
  header.write(octal(0, 7), 108, 'latin1'); // uid
  header.write(octal(0, 7), 116, 'latin1'); // gid
  writeSize(header, fields.sizeBytes);
  header.write(octal(fields.mtimeSeconds, 11), 136, 'latin1');
  header.write('        ', 148, 'latin1'); // the checksum counts its own field as spaces
  header.write(fields.type, 156, 'latin1');
  fields.target.copy(header, 157, 0, longestField);
  header.write('ustar  ', 257, 'latin1');
  let sum = 0;
  for (let at = 0; at < blockBytes; at += 1) sum += header[at] ?? 0; // an index: iterators cost more than all the rest
  header.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return header;
}

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');

/** Eleven octal digits; from 8 GiB on base-256 with the highest bit set. */
function writeSize(header: Buffer, sizeBytes: number): void {
  if (sizeBytes <= largestOctal) {
    header.write(octal(sizeBytes, 11), 124, 'latin1');
    return;
  }
  header[124] = 0x80;
  header.writeBigUInt64BE(BigInt(sizeBytes), 128);
}
