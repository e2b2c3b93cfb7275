/** A packet of git's wire protocol. @see https://git-scm.com/docs/protocol-common */
export type Packet = { kind: 'line'; bytes: Buffer } | { kind: 'flush' | 'delimiter' | 'end' };

/** The bytes are not packets: somebody else answers there. */
export class PacketError extends Error {
  readonly code = 'packet';
  override readonly name = 'PacketError';
}

const special = ['flush', 'delimiter', 'end'] as const;
const largest = 65_520;

export const flushPacket = '0000';
export const delimiterPacket = '0001';

/** A text as one packet. */
export function packet(text: string): string {
  return (Buffer.byteLength(text) + 4).toString(16).padStart(4, '0') + text;
}

/** The packets in these bytes. @throws PacketError when they are cut short or are none */
export function* packets(bytes: Buffer): Iterable<Packet> {
  for (let at = 0; at < bytes.length;) {
    const digits = bytes.toString('latin1', at, at + 4);
    if (!/^[0-9a-f]{4}$/i.test(digits)) throw new PacketError('not a packet');
    const length = Number.parseInt(digits, 16);
    const kind = special[length];
    if (kind !== undefined) yield { kind };
    else if (length < 4 || length > largest || at + length > bytes.length)
      throw new PacketError('a packet is cut short');
    else yield { kind: 'line', bytes: bytes.subarray(at + 4, at + length) };
    at += Math.max(4, length);
  }
}
