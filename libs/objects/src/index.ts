export { DirObjectStore } from './dir-object-store';
export { InvalidKeyError, ObjectStoreError } from './object-store';
export type { ByteRange, ObjectInfo, ObjectStore } from './object-store';
