import { setTimeout as pause } from 'node:timers/promises';
import { BusUnavailableError } from '@keelson/bus';
import { ObjectStoreError } from '@keelson/objects';

export type UntilThereOptions = {
  /** Told of every try that failed. */
  failed: (error: unknown) => void;
  /** Between two tries. */
  pauseMs: number;
};

/** Opens a server that may not be there yet, again and again. @throws what it said when it will not have us */
export async function untilThere<T>(open: () => Promise<T>, { failed, pauseMs }: UntilThereOptions): Promise<T> {
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!isPassing(error)) throw error;
      failed(error);
    }
    await pause(pauseMs);
  }
}

const isPassing = (error: unknown): boolean =>
  error instanceof BusUnavailableError || (error instanceof ObjectStoreError && error.transient);
