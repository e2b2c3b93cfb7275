/** What the user named as a source cannot be one. The message says what is wrong and what to do, credentials hidden. */
export class SourceError extends Error {
  readonly code = 'source';
  override readonly name = 'SourceError';
}
