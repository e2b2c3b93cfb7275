import type { Reason, RunOutcome } from '@keelson/events';
import {
  CommitUnavailableError,
  HostileTreeError,
  NoRepositoryError,
  ObjectMissingError,
  RemoteAuthError,
  RemoteBusyError,
  RemoteUnavailableError,
  RepositoryGoneError,
  RepositoryNotFoundError,
  RepositoryOwnerError,
  SubmoduleError,
  TreeTooLargeError,
} from '@keelson/git';
import {
  CredentialsError,
  ImageNotFoundError,
  RegistryAuthError,
  RegistryProtocolError,
  RegistryUnavailableError,
} from '@keelson/registry';
import { TemplateSandboxError } from '@keelson/template';
import { InvalidVersionError, VersionsDifferError } from '@keelson/version';
import { UnbuildableError } from './unbuildable-error';

/** What a fault means for the run: wait for a neighbour, end it, or (undefined) nobody knows: the bus tries again, then parks. */
export type Meaning = { kind: 'wait' } | { kind: 'end'; outcome: RunOutcome; code: string };

type ErrorClass = abstract new (...args: never[]) => Error;

/** What ends the run, and in which words. */
const endings: readonly (readonly [ErrorClass, RunOutcome, string])[] = [
  [HostileTreeError, 'failure', 'hostile-tree'],
  [TreeTooLargeError, 'failure', 'tree-too-large'],
  [SubmoduleError, 'failure', 'submodule'],
  [InvalidVersionError, 'failure', 'version'],
  [VersionsDifferError, 'failure', 'version'],
  [TemplateSandboxError, 'error', 'template-sandbox'],
  [NoRepositoryError, 'error', 'source-gone'],
  [RepositoryGoneError, 'error', 'source-gone'],
  [RepositoryNotFoundError, 'error', 'source-gone'],
  [CommitUnavailableError, 'error', 'commit-gone'],
  [ObjectMissingError, 'error', 'commit-gone'],
  [RepositoryOwnerError, 'error', 'source-refused'],
  [RemoteAuthError, 'error', 'source-login'],
  [RegistryAuthError, 'error', 'registry-refused'],
  [ImageNotFoundError, 'error', 'registry-refused'],
  [CredentialsError, 'error', 'registry-credentials'],
  [RegistryProtocolError, 'error', 'registry-protocol'],
];

const passing: readonly ErrorClass[] = [RemoteBusyError, RemoteUnavailableError, RegistryUnavailableError];

/** Whose fault it is that a commit could not be frozen. */
export function meaningOf(error: unknown): Meaning | undefined {
  if (error instanceof UnbuildableError) {
    return { kind: 'end', outcome: error.code === 'skipped' ? 'cancel' : 'failure', code: error.code };
  }
  const ending = endings.find(([kind]) => error instanceof kind);
  if (ending !== undefined) return { kind: 'end', outcome: ending[1], code: ending[2] };
  return passing.some((kind) => error instanceof kind) ? { kind: 'wait' } : undefined;
}

/** The reason that goes into the record. */
export const reasonOf = (code: string, error: unknown): Reason => ({
  code,
  message: (error instanceof Error ? error.message : String(error)).slice(0, 4096),
});
