import type { IncomingMessage } from 'node:http';
import { ObjectStoreError } from '@keelson/objects';
import { DistributionError } from './distribution-error';
import type { Exchange } from './exchange';
import { respondJson } from './exchange';

const drainBytes = 16 * 1024 * 1024;

/** Answers with what went wrong, in the form of distribution-spec. Does nothing when the client is gone. */
export function respondError(exchange: Pick<Exchange, 'req' | 'res'>, error: unknown): void {
  const { req, res } = exchange;
  if (res.headersSent) {
    res.destroy();
    return;
  }
  if (res.destroyed) return;
  const { status, headers, faults } = error instanceof DistributionError ? error : ownFault(error);
  respondJson(exchange, status, { headers, body: { errors: faults } });
  drain(req);
}

function ownFault(error: unknown): DistributionError {
  if (!(error instanceof ObjectStoreError)) {
    return new DistributionError(500, { code: 'UNKNOWN', message: 'the registry failed; its log says why' });
  }
  if (isFull(error)) {
    return new DistributionError(507, {
      code: 'UNKNOWN',
      message: "the registry's store is full: free some space, then go on",
    });
  }
  const message = "the registry's store did not do what was asked";
  return error.transient
    ? new DistributionError(503, { code: 'UNKNOWN', message: `${message}; try again` }, { 'Retry-After': '1' })
    : new DistributionError(500, { code: 'UNKNOWN', message });
}

function isFull(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') return true;
  }
  return false;
}

/** Lets a client that is still sending come to read the answer, up to a limit: a closed connection would lose it. */
function drain(req: IncomingMessage): void {
  if (req.complete) return;
  let leftBytes = drainBytes;
  req.on('data', (piece: Uint8Array) => {
    leftBytes -= piece.byteLength;
    if (leftBytes < 0) req.destroy();
  });
  req.resume();
}
