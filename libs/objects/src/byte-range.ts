import type { ByteRange } from './object-store';

/** @throws RangeError when it is not a range of bytes */
export function checkByteRange({ first, last }: ByteRange): void {
  const whole = Number.isSafeInteger(first) && (last === undefined || Number.isSafeInteger(last));
  if (!whole || first < 0 || (last !== undefined && last < first)) {
    throw new RangeError(`${first} to ${last ?? 'the end'} is not a range of bytes`);
  }
}
