export { branchPrerelease, nextCandidate, sortableTime } from './prerelease';
export { SemanticVersion } from './semantic-version';
export { InvalidVersionError, VersionFileError, VersionNotFoundError, VersionsDifferError } from './version-errors';
export { readVersion, requireFile, writeVersion } from './version-file';
export type { FileOptions } from './version-file';
export { markupOf, versionIn, withVersion } from './version-text';
export type { Markup } from './version-text';
