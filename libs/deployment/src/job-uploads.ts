import type { JobFile, Uploads } from '@keelson/jobs';
import type { S3ObjectStore } from '@keelson/objects';

/** The largest file that a test may keep. */
const maxBytes = 1024 ** 3;
/** After the job's own time: what is large takes a while. */
const graceMs = 15 * 60_000;
const readBytes = 8 * 1024 ** 2;

/**
 * Where a job's files wait until they are kept under its run: a credential is good for one job's place alone.
 * @param origin of the store as a pod reaches it, where it is another: what signs the form does not depend on it
 */
export function jobUploads(store: S3ObjectStore, origin?: string): Uploads {
  const prefixOf = (name: string) => `uploads/${name}/`;
  return {
    async grant({ name, timeoutMs }) {
      const request = { prefix: prefixOf(name), maxBytes, expiresInMs: timeoutMs + graceMs };
      const { url, fields, keyPrefix } = await store.grantUploads(request);
      return { url: origin === undefined ? url : fromOrigin(url, origin), fields, keyPrefix, maxBytes };
    },
    async list(name) {
      const prefix = prefixOf(name);
      const files: JobFile[] = [];
      for await (const { key, sizeBytes } of store.list(prefix)) {
        const path = decodeURIComponent(key.slice(prefix.length));
        files.push({ path, sizeBytes, read: () => contents(store, { key, sizeBytes }) });
      }
      return files;
    },
    async remove(name) {
      for await (const { key } of store.list(prefixOf(name))) await store.delete(key);
    },
  };
}

function fromOrigin(url: string, origin: string): string {
  const { pathname, search } = new URL(url);
  return `${origin}${pathname}${search}`;
}

async function* contents(store: S3ObjectStore, { key, sizeBytes }: { key: string; sizeBytes: number }) {
  for (let first = 0; first < sizeBytes; first += readBytes) {
    const last = Math.min(first + readBytes, sizeBytes) - 1;
    const bytes = await store.get(key, { first, last });
    if (bytes === undefined) throw new Error(`${key} is gone while it was read`);
    yield bytes;
  }
}
