/** What the person asked for cannot be done as asked. Printed without a stack trace; the command ends with 2. */
export class UsageError extends Error {
  readonly code = 'usage';
  override readonly name = 'UsageError';
}
