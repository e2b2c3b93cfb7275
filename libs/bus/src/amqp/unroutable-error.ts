import { BusUnavailableError } from '../bus';

/** A message that must be taken reached no queue: whoever takes it has not been there yet, or somebody deleted its queue. */
export class UnroutableError extends BusUnavailableError {
  constructor(readonly keys: readonly string[]) {
    super(`nobody takes ${keys.join(', ')}: start the service that does, then try again`);
  }
}
