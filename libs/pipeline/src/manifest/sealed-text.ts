import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { maxManifestBytes } from './read-manifest';

const cipher = 'aes-256-gcm';
export const sealingKeyBytes = 32;

/** A text that only who has the key can read. */
export const sealedText = z.strictObject({
  /** The beginning of the key's SHA-256: tells which key, and nothing about it. */
  keyId: z.string(),
  iv: z.base64(),
  tag: z.base64(),
  content: z.base64(),
});
export type SealedText = z.infer<typeof sealedText>;

/** A sealed text cannot be opened: sealed with another key, or changed since. */
export class SealError extends Error {
  readonly code = 'seal';
  override readonly name = 'SealError';
}

/** What both who seal and who open have: 32 bytes of randomness from one file. */
export class SealingKey {
  readonly #bytes: Buffer;
  readonly id: string;

  /** @throws SealError unless it has 32 bytes */
  constructor(bytes: Uint8Array) {
    if (bytes.length !== sealingKeyBytes)
      throw new SealError(`a sealing key has ${sealingKeyBytes} bytes, this one ${bytes.length}`);
    this.#bytes = Buffer.from(bytes);
    this.id = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  }

  /** @param about what it belongs to: a sealed text that is put elsewhere cannot be opened there */
  seal(text: string, about: string): SealedText {
    const iv = randomBytes(12);
    const sealing = createCipheriv(cipher, this.#bytes, iv).setAAD(Buffer.from(about));
    const content = Buffer.concat([sealing.update(gzipSync(text)), sealing.final()]);
    const base64 = { iv: iv.toString('base64'), tag: sealing.getAuthTag().toString('base64') };
    return { keyId: this.id, ...base64, content: content.toString('base64') };
  }

  /** @throws SealError */
  open(sealed: SealedText, about: string): string {
    if (sealed.keyId !== this.id) throw new SealError(`it was sealed with the key ${sealed.keyId}, ours is ${this.id}`);
    try {
      const opening = createDecipheriv(cipher, this.#bytes, Buffer.from(sealed.iv, 'base64'), { authTagLength: 16 })
        .setAAD(Buffer.from(about))
        .setAuthTag(Buffer.from(sealed.tag, 'base64'));
      const content = Buffer.concat([opening.update(Buffer.from(sealed.content, 'base64')), opening.final()]);
      return gunzipSync(content, { maxOutputLength: maxManifestBytes }).toString();
    } catch (cause) {
      throw new SealError('it was changed since it was sealed, or belongs to something else', { cause });
    }
  }
}
