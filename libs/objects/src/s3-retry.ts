import { setTimeout } from 'node:timers/promises';
import { verdictOn } from './s3-error';
import { S3ReplyError } from './s3-reply-error';

export type S3Patience = {
  maxTries: number;
  /** No try begins later than this after the first: the caller has other things to do, and asks again if it must. */
  giveUpAfterMs: number;
  /** The longest pause before the second try; it doubles with every further one. */
  pauseMs: number;
  maxPauseMs: number;
};

/**
 * Tries until it succeeds, the error is none that passes by itself, or patience ends. The pauses are partly random, so that many do
 * not come back at once. `work` is told the number of the try, from 0: an earlier one may have done its work without our being told.
 */
export async function retrying<T>(patience: S3Patience, work: (number: number) => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + patience.giveUpAfterMs;
  for (let number = 0; ; number += 1) {
    try {
      return await work(number);
    } catch (error) {
      if (verdictOn(error).retry !== true || number + 1 >= patience.maxTries) throw error;
      const pauseMs = pauseBefore(number + 1, patience, error);
      if (performance.now() + pauseMs > giveUpAt) throw error;
      await setTimeout(pauseMs);
    }
  }
}

function pauseBefore(number: number, patience: S3Patience, error: unknown): number {
  const asked = error instanceof S3ReplyError ? (error.retryAfterMs ?? 0) : 0;
  const pauseMs = Math.min(patience.pauseMs * 2 ** (number - 1), patience.maxPauseMs);
  return Math.max(asked, (pauseMs * (1 + Math.random())) / 2);
}
