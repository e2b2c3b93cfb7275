import { composeEvent, eventTypes } from '@keelson/events';
import type { Event } from '@keelson/events';
import { openKey } from './keys';
import type { RecordKey } from './key';
import type { BaseRecord, OpenRecord } from './records';

/** Who tells of bases that moved keeps notes of those still to be told under this name. See docs/adr/0026. */
export const basesService = 'registry-poller-bases';

type Move = Pick<BaseRecord, 'reference' | 'sequence'>;

const workOf = ({ reference, sequence }: Move) => ({ run: reference, attempt: sequence, stage: 'publish' as const });

export const baseMovedNote = (move: Move): RecordKey<OpenRecord> => openKey(basesService, workOf(move));

/** The event of a move, from its record: the same however often it is told, and by whomever. Undefined for a first look that found no move. */
export function baseMoved({ reference, sequence, digest, previous, seenAt }: BaseRecord): Event | undefined {
  if (previous === null) return undefined;
  return composeEvent({
    ...{ type: eventTypes.baseMoved, work: workOf({ reference, sequence }), service: 'registry-poller', time: seenAt },
    ...{ subjectId: reference, content: {}, customData: { reference, sequence, from: previous, to: digest } },
  });
}
