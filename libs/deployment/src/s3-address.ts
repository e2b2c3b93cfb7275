import { z } from 'zod';
import { parseUrl } from './parse-url';

/** A place in an S3-compatible store. */
export type S3Address = {
  /** `http(s)://host[:port]` */
  endpoint: string;
  bucket: string;
  /** Of every key; ends with `/` where it is not empty. */
  prefix: string;
};

const asked = 'an address as in https://host:9000/bucket or https://host:9000/bucket/prefix, without a password';

/** `http(s)://host[:port]/bucket[/prefix]`. Credentials are never part of it. */
export const s3Address = () =>
  z.string().transform((text, context): S3Address => {
    const url = parseUrl(text);
    const [bucket = '', ...rest] = (url?.pathname ?? '').split('/').filter((part) => part !== '');
    if (url === undefined || !isPlain(url) || bucket === '') {
      // Not what was written: a password may be in it.
      context.addIssue({ code: 'custom', message: `is not ${asked}` });
      return z.NEVER;
    }
    return { endpoint: url.origin, bucket, prefix: rest.length === 0 ? '' : `${rest.join('/')}/` };
  });

/** `http(s)://host[:port]`, and nothing more. */
export const storeOrigin = () =>
  z.string().transform((text, context): string => {
    const url = parseUrl(text);
    if (url === undefined || !isPlain(url) || url.pathname !== '/') {
      context.addIssue({ code: 'custom', message: 'is not an address as in https://host:9000, without a bucket' });
      return z.NEVER;
    }
    return url.origin;
  });

const isPlain = (url: URL): boolean =>
  /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
