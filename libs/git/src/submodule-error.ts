/** A submodule that the commit names cannot be had. The user's to put right: the message says which one and why. */
export class SubmoduleError extends Error {
  readonly code = 'submodule';
  override readonly name = 'SubmoduleError';
}
