import { setMaxListeners } from 'node:events';

/**
 * Calls `stop` when the signal aborts. One signal may have hundreds of listeners here, one per watched repository, which is
 * no leak: Node's warning about more than ten is turned off for it.
 * @returns takes the listener off again
 */
export function onAbort(signal: AbortSignal | undefined, stop: () => void): () => void {
  if (signal === undefined) return () => undefined;
  setMaxListeners(0, signal);
  signal.addEventListener('abort', stop, { once: true });
  return () => signal.removeEventListener('abort', stop);
}
