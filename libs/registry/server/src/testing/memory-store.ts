import type { ByteRange, ObjectInfo, ObjectStore } from '@keelson/objects';

export class MemoryStore implements ObjectStore {
  readonly objects = new Map<string, Uint8Array>();
  async put(key: string, bytes: Uint8Array, options?: { ifAbsent?: boolean }): Promise<'written' | 'exists'> {
    if (options?.ifAbsent && this.objects.has(key)) return 'exists';
    this.objects.set(key, Buffer.from(bytes));
    return 'written';
  }
  async get(key: string, range?: ByteRange): Promise<Uint8Array | undefined> {
    const bytes = this.objects.get(key);
    return range ? bytes?.subarray(range.first, range.last === undefined ? undefined : range.last + 1) : bytes;
  }
  async head(key: string): Promise<ObjectInfo | undefined> {
    const bytes = this.objects.get(key);
    return bytes && { key, sizeBytes: bytes.byteLength };
  }
  async *list(prefix: string, options?: { after?: string }): AsyncIterable<ObjectInfo> {
    for (const key of [...this.objects.keys()].sort()) {
      if (key.startsWith(prefix) && key > (options?.after ?? '')) yield { key, sizeBytes: this.objects.get(key)!.byteLength };
    }
  }
  async listSegments(prefix: string): Promise<readonly string[]> {
    const out = new Set<string>();
    for (const key of this.objects.keys()) {
      if (!key.startsWith(prefix)) continue;
      const rest = key.slice(prefix.length);
      const slash = rest.indexOf('/');
      out.add(slash < 0 ? rest : rest.slice(0, slash + 1));
    }
    return [...out].sort();
  }
  async delete(key: string): Promise<void> {
    this.objects.delete(key);
  }
}
