import { createHash } from 'node:crypto';

const bits = 48;

/** Whether this run is one of those whose build is made again without cache. The same for whoever asks, however often. */
export function isChosen(run: string, share: number): boolean {
  const place = createHash('sha256')
    .update(run)
    .digest()
    .readUIntBE(0, bits / 8);
  return place < share * 2 ** bits;
}
