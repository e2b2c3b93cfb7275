import type { ObjectInfo, ObjectStore } from './object-store';

export const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString();
export const some = (content: string) => Buffer.from(content);

/** Puts objects whose content is their key. */
export const fill = (store: ObjectStore, ...names: string[]) =>
  Promise.all(names.map((key) => store.put(key, some(key))));

export async function all(objects: AsyncIterable<ObjectInfo>): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = [];
  for await (const object of objects) found.push(object);
  return found;
}

export const keys = async (objects: AsyncIterable<ObjectInfo>) => (await all(objects)).map(({ key }) => key);
