/** An event carries names and digests; this one is too large to be that. Publishing it again cannot work. */
export class EventTooLargeError extends Error {
  readonly code = 'event-too-large';
  override readonly name = 'EventTooLargeError';
}
