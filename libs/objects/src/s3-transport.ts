import http from 'node:http';
import https from 'node:https';
import { readFileSync } from 'node:fs';
import { ObjectStoreError } from './object-store';
import { replyError } from './s3-reply-error';

/** Nothing at all moved on the connection for so long. */
export class S3TimeoutError extends Error {
  readonly code = 'ETIMEDOUT';
  override readonly name = 'S3TimeoutError';
}

export type S3Limits = {
  /** Without a byte in either direction for so long, a request is given up. */
  idleTimeoutMs: number;
  /** The longest that one request may take, its body and reply included. */
  requestTimeoutMs: number;
};

type Request = typeof http.request;

/** An error reply is read up to this size: it is a few hundred bytes of XML. */
const maxErrorBytes = 64 * 1024;

/**
 * What the minio client sends its requests through. It has no timeouts of its own, and of a 5xx it keeps neither the code nor the
 * words: so every request gets an end here, and every reply from 400 on becomes an S3ReplyError.
 */
export function s3Transport(secure: boolean, limits: S3Limits): { request: Request } {
  const send = secure ? https.request : http.request;
  const request = (options: http.RequestOptions, onReply: (reply: http.IncomingMessage) => void) => {
    const sent = send({ ...options, timeout: limits.idleTimeoutMs }, (reply) => {
      if ((reply.statusCode ?? 0) < 400) onReply(reply);
      else void tellError(sent, reply);
    });
    const timeOut = (ms: number) => () =>
      sent.destroy(new S3TimeoutError(`no answer within ${Math.round(ms / 1_000)} s`));
    sent.on('timeout', timeOut(limits.idleTimeoutMs));
    const timer = setTimeout(timeOut(limits.requestTimeoutMs), limits.requestTimeoutMs);
    sent.once('close', () => clearTimeout(timer));
    return sent;
  };
  // The client calls it in this form only; node's own type has three.
  return { request: request as unknown as Request };
}

/** Connections are kept: a new one for every small object would take longer than the object, over TLS ten times as long. */
export function s3Agent(secure: boolean, options: { maxConnections: number; caFile?: string }): http.Agent {
  const kept = { keepAlive: true, noDelay: true, maxSockets: options.maxConnections };
  if (!secure) return new http.Agent(kept);
  return new https.Agent({ ...kept, ...(options.caFile === undefined ? {} : { ca: readCa(options.caFile) }) });
}

function readCa(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ObjectStoreError(`the CA file ${file} of the object store cannot be read`, false, { cause: error });
  }
}

async function tellError(sent: http.ClientRequest, reply: http.IncomingMessage): Promise<void> {
  let body = '';
  try {
    for await (const part of reply.setEncoding('utf8') as AsyncIterable<string>) {
      if (body.length < maxErrorBytes) body += part;
    }
  } catch {
    // Cut in the middle: the status says enough.
  }
  sent.emit('error', replyError(reply.statusCode ?? 0, reply.headers, body));
}
