import type { HttpFault } from '@keelson/testbed';
import { digestOf } from './sample-images';

/** The only blob that `respond` has. */
export const content = Buffer.from('content');
export const contentDigest = digestOf(content);

/** A reply that is always the same. */
export const answer =
  (status: number, headers: Record<string, string> = {}, body: string | Buffer = ''): HttpFault =>
  (_, response) => {
    response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers }).end(body);
    return true;
  };

/** A registry that has one blob and takes everything. */
export const respond: HttpFault = (request, response) =>
  request.method === 'POST' ? answer(201)(request, response) : answer(200, {}, content)(request, response);
