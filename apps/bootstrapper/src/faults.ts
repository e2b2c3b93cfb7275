import type { Reason, RunOutcome } from '@keelson/events';
import { HostileTreeError, RemoteAuthError, RemoteBusyError, RemoteUnavailableError, RepositoryNotFoundError, SourceError, SubmoduleError } from '@keelson/git';
import { ImageNotFoundError, RegistryAuthError, RegistryUnavailableError } from '@keelson/registry';
import { UnbuildableError } from './freeze';

/** What a fault means for the run: wait for a neighbour, end it, or (undefined) nobody knows: the bus tries again, then parks. */
export type Meaning = { kind: 'wait' } | { kind: 'end'; outcome: RunOutcome; code: string };

/** Whose fault it is that a commit could not be frozen. */
export function meaningOf(error: unknown): Meaning | undefined {
  if (error instanceof UnbuildableError) {
    return { kind: 'end', outcome: error.code === 'skipped' ? 'cancel' : 'failure', code: error.code };
  }
  if (error instanceof HostileTreeError) return { kind: 'end', outcome: 'failure', code: 'hostile-tree' };
  if (error instanceof SubmoduleError) return { kind: 'end', outcome: 'failure', code: 'submodule' };
  if (error instanceof SourceError || error instanceof RepositoryNotFoundError) {
    return { kind: 'end', outcome: 'error', code: 'source-gone' };
  }
  if (error instanceof RemoteAuthError) return { kind: 'end', outcome: 'error', code: 'source-login' };
  if (error instanceof RegistryAuthError || error instanceof ImageNotFoundError) {
    return { kind: 'end', outcome: 'error', code: 'registry-refused' };
  }
  const isAway = [RemoteBusyError, RemoteUnavailableError, RegistryUnavailableError].some((kind) => error instanceof kind);
  return isAway ? { kind: 'wait' } : undefined;
}

/** The reason that goes into the record. */
export const reasonOf = (code: string, error: unknown): Reason => ({
  code,
  message: (error instanceof Error ? error.message : String(error)).slice(0, 4096),
});
