import { InvalidKeyError } from './object-store';

/** Longest key that S3 takes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const maxKeyBytes = 1024;

/** Control characters, half surrogate pairs (UTF-8 has no bytes for them), and the backslash. */
const forbidden = /[\\\p{Cc}\p{Cs}]/u;

/** @throws InvalidKeyError when the text is not a key as the port describes it */
export function checkKey(key: string): void {
  if (key === '') throw new InvalidKeyError('an object key is empty');
  checkText(key);
  for (const segment of key.split('/')) {
    if (segment === '') throw new InvalidKeyError(`the object key ${JSON.stringify(key)} has an empty segment`);
    checkNotDots(key, segment);
  }
}

/** The beginning of a key: empty, ending in `/`, or cut anywhere. @throws InvalidKeyError */
export function checkPrefix(prefix: string): void {
  checkText(prefix);
  const segments = prefix.split('/');
  const last = segments.pop() ?? '';
  checkNotDots(prefix, last);
  if (segments.length > 0) checkKey(segments.join('/'));
}

/** A prefix of whole segments: empty, or ending in `/`. @throws InvalidKeyError */
export function checkSegmentPrefix(prefix: string): void {
  checkPrefix(prefix);
  if (prefix !== '' && !prefix.endsWith('/')) {
    throw new InvalidKeyError(`the prefix ${JSON.stringify(prefix)} does not end in "/"`);
  }
}

/** Orders keys by their UTF-8 bytes, as S3 lists them. Comparing code units alone puts surrogates before U+E000 to U+FFFF. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

const rank = (codeUnit: number): number => (codeUnit >= 0xd800 && codeUnit <= 0xdfff ? codeUnit + 0x1_0000 : codeUnit);

function checkText(text: string): void {
  if (Buffer.byteLength(text) > maxKeyBytes) {
    throw new InvalidKeyError(`the object key ${text.slice(0, 64)}... is longer than ${maxKeyBytes} bytes`);
  }
  if (forbidden.test(text)) {
    throw new InvalidKeyError(`the object key ${JSON.stringify(text)} has a character that cannot be stored`);
  }
}

function checkNotDots(key: string, segment: string): void {
  if (segment === '.' || segment === '..') {
    throw new InvalidKeyError(`the object key ${JSON.stringify(key)} has a segment "${segment}"`);
  }
}
