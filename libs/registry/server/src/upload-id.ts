import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ObjectStore } from '@keelson/objects';
import type { Layout } from './layout';

const timeDigits = 12;
const idDigits = 32;
const macDigits = 32;
const session = new RegExp(`^[0-9a-f]{${String(idDigits + macDigits)}}$`);

/** An upload as this registry gave it out: `id` names its objects, and tells when it began. */
export type UploadId = { id: string; startedAtMs: number };

export const startedAtMs = (id: string): number => parseInt(id.slice(0, timeDigits), 16);

/**
 * Names uploads so that beginning one writes nothing: a session says itself when it began and for which repository, under a
 * code that only this store's key makes. So a session that holds no bytes yet outlives a restart too.
 */
export class UploadIds {
  private constructor(private readonly key: Uint8Array) {}

  /** Reads the store's key, or makes it. */
  static async open(store: ObjectStore, layout: Layout): Promise<UploadIds> {
    const known = await store.get(layout.uploadKey());
    if (known) return new UploadIds(known);
    const fresh = randomBytes(32);
    if ((await store.put(layout.uploadKey(), fresh, { ifAbsent: true })) === 'written') return new UploadIds(fresh);
    return UploadIds.open(store, layout);
  }

  /** @returns the session's text, as it stands in a Location */
  issue(name: string, nowMs: number): string {
    const time = Math.max(0, nowMs).toString(16).padStart(timeDigits, '0');
    const id = time + randomBytes((idDigits - timeDigits) / 2).toString('hex');
    return id + this.mac(id, name);
  }

  /** The upload behind a session's text; undefined when it was not issued here, or for another repository. */
  verify(name: string, text: string): UploadId | undefined {
    if (!session.test(text)) return undefined;
    const id = text.slice(0, idDigits);
    const genuine = timingSafeEqual(Buffer.from(text.slice(idDigits)), Buffer.from(this.mac(id, name)));
    return genuine ? { id, startedAtMs: startedAtMs(id) } : undefined;
  }

  private mac(id: string, name: string): string {
    return createHmac('sha256', this.key).update(`${id}\n${name}`).digest('hex').slice(0, macDigits);
  }
}
