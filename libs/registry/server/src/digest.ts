import { createHash } from 'node:crypto';

export type DigestAlgorithm = 'sha256' | 'sha512';

/** An OCI content digest whose grammar was checked: its parts are safe as key segments. */
export type Digest = { algorithm: DigestAlgorithm; hex: string; text: string };

const hexLengths: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha512: 128 };
const grammar = /^(sha256|sha512):([0-9a-f]+)$/;

/** The digest a text names; undefined when it is malformed or of an algorithm this registry cannot compute. */
export function parseDigest(text: string): Digest | undefined {
  const [, algorithm, hex] = grammar.exec(text) ?? [];
  if (algorithm !== 'sha256' && algorithm !== 'sha512') return undefined;
  return hex?.length === hexLengths[algorithm] ? { algorithm, hex, text } : undefined;
}

export const digestOf = (algorithm: DigestAlgorithm, hex: string): Digest => ({
  algorithm,
  hex,
  text: `${algorithm}:${hex}`,
});

export const hashBytes = (algorithm: DigestAlgorithm, bytes: Uint8Array): Digest =>
  digestOf(algorithm, createHash(algorithm).update(bytes).digest('hex'));
