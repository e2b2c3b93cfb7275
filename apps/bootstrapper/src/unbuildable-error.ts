/** The commit cannot be built, and never will be: the user's fault, or the user's wish. */
export class UnbuildableError extends Error {
  override readonly name = 'UnbuildableError';
  constructor(
    readonly code: 'skipped' | 'pipeline-file' | 'template' | 'manifest',
    message: string,
  ) {
    super(message);
  }
}
