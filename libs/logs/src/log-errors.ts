/** Another writer stored something else at the same place: it has taken over the log, or sealed it. Stop; a new writer may resume. */
export class LogConflictError extends Error {
  readonly code = 'log-conflict';
  override readonly name = 'LogConflictError';
}

/** What is stored is not a log: a chunk or the manifest is missing or was changed. */
export class LogDamagedError extends Error {
  readonly code = 'log-damaged';
  override readonly name = 'LogDamagedError';
}

/** A line that cannot be stored so that its bytes come back. A fault of the caller. */
export class MalformedLineError extends Error {
  readonly code = 'malformed-log-line';
  override readonly name = 'MalformedLineError';
}

/** The writer was closed before. A fault of the caller. */
export class LogClosedError extends Error {
  readonly code = 'log-closed';
  override readonly name = 'LogClosedError';
}
