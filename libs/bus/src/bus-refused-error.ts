/** The broker refuses what a configuration asks for: credentials, a virtual host, a permission, a queue declared otherwise. Trying again cannot help. */
export class BusRefusedError extends Error {
  readonly code = 'bus-refused';
  override readonly name = 'BusRefusedError';
}
