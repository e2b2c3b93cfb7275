import type { ObjectInfo } from './object-store';
import { element } from './s3-reply-error';

/** One reply to ListObjectsV2. */
export type S3Page = {
  objects: ObjectInfo[];
  /** With a delimiter: the beginnings of the keys below it, each ending in it. */
  prefixes: string[];
  /** Where the next page begins; undefined on the last one. */
  next: string | undefined;
};

/**
 * Reads the reply. The minio client's own parser takes a key of digits for a number; and keys are URL-encoded here, so that nothing
 * in them is XML.
 */
export function parsePage(xml: string): S3Page {
  const encoded = element(xml, 'EncodingType') === 'url';
  // `+` is a space here: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html (EncodingType)
  const decode = (text: string) => (encoded ? decodeURIComponent(text.replaceAll('+', ' ')) : text);
  return {
    objects: blocks(xml, 'Contents').map((block) => ({
      key: decode(element(block, 'Key') ?? ''),
      sizeBytes: Number(element(block, 'Size')),
    })),
    prefixes: blocks(xml, 'CommonPrefixes').map((block) => decode(element(block, 'Prefix') ?? '')),
    next: element(xml, 'IsTruncated') === 'true' ? element(xml, 'NextContinuationToken') : undefined,
  };
}

const blocks = (xml: string, name: string): string[] =>
  Array.from(xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'gs')), (found) => found[1] ?? '');
