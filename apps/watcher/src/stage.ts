import { changeKey, runName } from '@keelson/ledger';
import type { ChangeRecord } from '@keelson/ledger';
import { again, emit } from '@keelson/stage';
import type { Stage } from '@keelson/stage';
import { instant } from './deps';
import type { RunRequested, WatcherDeps } from './deps';
import { changeTold } from './tell';

/** `run.requested` -> a change of its own ref, recorded, and told as any other. */
export function recordRequest({ ledger, clock }: Pick<WatcherDeps, 'ledger' | 'clock'>): Stage<RunRequested> {
  return async (event) => {
    const { run, source, ref, commit } = event.data.customData;
    for await (const sequence of ledger.sequences(source, ref)) {
      const change = await ledger.read(changeKey(source, ref, sequence));
      if (change?.run === run) return emit(...changeTold(change));
    }
    const newest = await ledger.newestChange(source, ref);
    const change: ChangeRecord = {
      ...{ run, name: runName(run), source, ref, commit, kind: 'requested', previous: newest?.commit ?? null },
      ...{ sequence: (newest?.sequence ?? 0) + 1, contained: [], seenAt: instant(clock()) },
    };
    const { ours } = await ledger.write(changeKey(source, ref, change.sequence), change);
    return ours ? emit(...changeTold(change)) : again('1s', 'another change of the same ref was recorded first');
  };
}
