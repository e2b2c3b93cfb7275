/** The system's or our own code of an error; undefined where it has none. */
export function errorCode(error: unknown): string | undefined {
  // Not by its class: what the file system throws may be of another realm.
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** What an error says, whatever was thrown. */
export const messageOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
