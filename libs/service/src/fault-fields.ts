import { BusUnavailableError } from '@keelson/bus';

/**
 * What a log line says of an error. Of a broker that is away, or of a service that nobody has started yet, the words say all: it passes by itself,
 * is told again and again until then, and where in our code it was noticed helps nobody.
 */
export const faultFields = (error: unknown): { err: unknown } | { reason: string } =>
  isPassing(error) ? { reason: error.message } : { err: error };

const isPassing = (error: unknown): error is Error =>
  error instanceof Error && (error instanceof BusUnavailableError || error.cause instanceof BusUnavailableError);
