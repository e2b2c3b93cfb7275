export { DirObjectStore } from './dir-object-store';
export { InvalidKeyError, ObjectStoreError } from './object-store';
export type { ByteRange, ObjectInfo, ObjectStore } from './object-store';
export { S3ObjectStore } from './s3-object-store';
export type { S3Options } from './s3-options';
export type { UploadGrant, UploadGrantRequest } from './upload-grant';
