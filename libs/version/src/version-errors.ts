/** A text that should be a version is none. */
export class InvalidVersionError extends Error {
  readonly code = 'version-invalid';
  override readonly name = 'InvalidVersionError';
  /** The text. */
  readonly extracted: string;

  constructor(extracted: string) {
    super('Invalid Semantic Version');
    this.extracted = extracted;
  }
}

/** A file carries no version. */
export class VersionNotFoundError extends Error {
  readonly code = 'version-not-found';
  override readonly name = 'VersionNotFoundError';

  constructor() {
    super('version not found');
  }
}

/** A file carries two versions. */
export class VersionsDifferError extends Error {
  readonly code = 'versions-differ';
  override readonly name = 'VersionsDifferError';

  constructor() {
    super('all repo-version HTML tags must have the same version string');
  }
}

/** A file cannot be read or written. The message is the system call, the file as it was named, and the system's words. */
export class VersionFileError extends Error {
  readonly code = 'version-file';
  override readonly name = 'VersionFileError';
}
