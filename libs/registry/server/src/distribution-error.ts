import type { OutgoingHttpHeaders } from 'node:http';

/** The codes of distribution-spec 1.1, and those that older clients know besides. */
export type DistributionErrorCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DENIED'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'PAGINATION_NUMBER_INVALID'
  | 'SIZE_INVALID'
  | 'TAG_INVALID'
  | 'UNSUPPORTED'
  | 'UNKNOWN';

export type DistributionFault = { code: DistributionErrorCode; message: string; detail?: unknown };

/** The request cannot be served; the faults are what the client is told. */
export class DistributionError extends Error {
  readonly code = 'distribution';
  override readonly name = 'DistributionError';
  readonly faults: readonly DistributionFault[];
  constructor(
    /** The HTTP status to answer with. */
    readonly status: number,
    faults: DistributionFault | readonly DistributionFault[],
    readonly headers: OutgoingHttpHeaders = {},
  ) {
    const list = Array.isArray(faults) ? (faults as readonly DistributionFault[]) : [faults as DistributionFault];
    super(list.map((fault) => fault.message).join('; '));
    this.faults = list;
  }
}

export const blobUnknown = (name: string, digest: string) =>
  new DistributionError(404, { code: 'BLOB_UNKNOWN', message: `repository ${name} has no blob ${digest}` });

export const manifestUnknown = (name: string, reference: string) =>
  new DistributionError(404, { code: 'MANIFEST_UNKNOWN', message: `repository ${name} has no manifest ${reference}` });

export const manifestInvalid = (message: string) => new DistributionError(400, { code: 'MANIFEST_INVALID', message });

export const nameUnknown = (name: string) =>
  new DistributionError(404, { code: 'NAME_UNKNOWN', message: `there is no repository ${name}` });

export const uploadUnknown = () =>
  new DistributionError(404, {
    code: 'BLOB_UPLOAD_UNKNOWN',
    message: 'there is no such upload: it ended, expired, or never began; begin a new one',
  });

export const digestInvalid = (message: string) => new DistributionError(400, { code: 'DIGEST_INVALID', message });

export const sizeInvalid = (status: 400 | 413, message: string) =>
  new DistributionError(status, { code: 'SIZE_INVALID', message });
