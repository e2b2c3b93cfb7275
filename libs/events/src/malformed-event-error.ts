/** Thrown where bytes from outside are not an event. */
export class MalformedEventError extends Error {
  readonly code = 'malformed-event';
  override readonly name = 'MalformedEventError';
}
