import { namedSource, NoRepositoryError, openRepository, RepositoryOwnerError, SourceError } from '@keelson/git';
import type { Source } from '@keelson/git';
import { watchKey, watchName, Watches } from '@keelson/ledger';
import type { WatchRecord } from '@keelson/ledger';
import { again, emit, TerminalError } from '@keelson/stage';
import type { Stage } from '@keelson/stage';
import { eventTypes } from '@keelson/events';
import type { SourceUnwatched, SourceWatched, WatcherDeps } from './deps';

/** `keelson-source.watched` and `.unwatched` -> a record, which the leader's list of watches follows. */
export function recordWatch(
  { ledger }: Pick<WatcherDeps, 'ledger'>,
  recorded: () => void,
): Stage<SourceWatched | SourceUnwatched> {
  return async (event) => {
    const isWatched = event.type === eventTypes.sourceWatched;
    const { name: source, pattern } = await checkedSource(event.data.customData, { isWatched });
    const history = await new Watches(ledger).history({ source, pattern });
    // Told before: what was asked for since counts.
    if (history.some((record) => record.event === event.id)) return done(recorded);
    if ((history.at(-1)?.isWatched ?? false) === isWatched) return emit();
    const record: WatchRecord = {
      ...{ source, sequence: history.length + 1, isWatched, event: event.id, askedAt: event.time },
      ...(pattern === undefined ? {} : { pattern }),
    };
    const { ours } = await ledger.write(watchKey(watchName(record), record.sequence), record);
    return ours ? done(recorded) : again('1s', 'another request for the same source was recorded first');
  };
}

function done(recorded: () => void) {
  recorded();
  return emit();
}

/** @throws TerminalError when there is nothing here that could be watched under this name */
export async function checkedSource(
  named: { source: string; pattern?: string | undefined },
  { isWatched }: { isWatched: boolean },
): Promise<Source> {
  try {
    const source = namedSource(named);
    if (!isWatched) return source;
    if (source.location.kind === 'local') await openRepository(source.location.path);
    else if (source.location.credentials !== undefined)
      throw new SourceError(`the source ${source.name} was named with credentials: name it without them`);
    return source;
  } catch (error) {
    if (error instanceof SourceError || error instanceof NoRepositoryError || error instanceof RepositoryOwnerError)
      throw new TerminalError(`it cannot be watched from this machine: ${error.message}`, { cause: error });
    throw error;
  }
}
