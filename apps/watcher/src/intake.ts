import type { InboxHandler, OutsideMessage } from '@keelson/bus';
import { MalformedEventError, parseOutside, UnknownEventTypeError } from '@keelson/events';
import type { OutsideEvent } from '@keelson/events';
import { TerminalError } from '@keelson/stage';
import type { Outcome } from '@keelson/stage';
import type { WatcherDeps } from './deps';
import { knownRun } from './known-run';
import { changeSaid } from './outside-change';
import { imageSaid } from './outside-image';
import type { Received } from './outside-image';
import { cancelSaid, retrySaid, watchSaid } from './outside-request';

export type IntakeDeps = Pick<WatcherDeps, 'ledger' | 'clock' | 'client' | 'patienceMs'> & {
  /** Asks for a look at every watched source that one of these may name. Returns how many there are. */
  hint: (names: readonly string[]) => number;
  /** For the operator: an event from which nothing follows, and that is no fault. */
  log: (fields: Record<string, unknown>, message: string) => void;
};

/** Clocks differ, but not by this much. */
const maxAheadMs = 60 * 60_000;

/** What outsiders say -> what we say. What cannot be taken is refused for good, with the reason: the bus parks it. */
export function takeIn(deps: IntakeDeps): InboxHandler {
  return async (message, _delivery, signal) => {
    const event = parsed(message);
    refuseFuture(event, deps.clock());
    return answer(deps, event, { receivedAtMs: message.receivedAtMs, signal });
  };
}

function answer(deps: IntakeDeps, event: OutsideEvent, received: Received): Outcome | Promise<Outcome> {
  switch (event.kind) {
    case 'change.merged':
    case 'branch.created':
    case 'branch.deleted':
      return changeSaid(deps, event);
    case 'artifact.packaged':
    case 'artifact.published':
      return imageSaid(deps, event, received);
    case 'keelson-run.retried':
      return retrySaid(deps, event);
    case 'keelson-run.cancelled':
      return cancelSaid(deps, event);
    case 'keelson-source.watched':
    case 'keelson-source.unwatched':
      return watchSaid(deps, event);
    default:
      return refuseResult(deps, event);
  }
}

/** @throws TerminalError */
function parsed(message: OutsideMessage): OutsideEvent {
  try {
    return parseOutside(message);
  } catch (error) {
    if (!(error instanceof MalformedEventError || error instanceof UnknownEventTypeError)) throw error;
    throw new TerminalError(error.message, { cause: error });
  }
}

function refuseFuture({ timestampMs }: OutsideEvent, nowMs: number): void {
  if (timestampMs === undefined || timestampMs <= nowMs + maxAheadMs) return;
  const hours = Math.round((timestampMs - nowMs) / 3_600_000);
  throw new TerminalError(
    `it is from the future: ${new Date(timestampMs).toISOString()} is in ${hours} h; the sender's clock is wrong, or ours`,
  );
}

/** That a build or a test has ended as it says is known only because our own services say so. */
async function refuseResult({ ledger }: IntakeDeps, { kind, chainId, subject }: OutsideEvent): Promise<never> {
  const run = (await knownRun(ledger, chainId)) ?? (await knownRun(ledger, subject.id.split('/')[0]));
  if (run !== undefined)
    throw new TerminalError(`${kind} of our run ${run}, from outside: only our own services tell of it`);
  throw new TerminalError(`${kind} of something that is no run here: Keelson keeps no results of others`);
}
