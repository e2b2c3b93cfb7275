/** A message that the client cannot put into a frame: headers that are too large, or a number that is none. It will be the same the next time. */
export class UnsendableError extends Error {
  override readonly name = 'UnsendableError';
}
