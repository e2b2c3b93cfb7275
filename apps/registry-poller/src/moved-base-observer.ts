import { eventTypes } from '@keelson/events';
import type { Event } from '@keelson/events';
import { baseKey, baseMoved, baseMovedNote, basesService } from '@keelson/ledger';
import type { BaseRecord, Ledger } from '@keelson/ledger';
import type { Observer } from '@keelson/stage';

/** Tells of bases that moved, each move once, as its record has it. See docs/adr/0026. */
export class MovedBaseObserver implements Observer<BaseRecord> {
  constructor(readonly ledger: Ledger) {}

  /** Where no record stands yet, somebody is about to write it, or will when the base is looked at again. */
  async list(): Promise<readonly BaseRecord[]> {
    const moves: BaseRecord[] = [];
    for (const { event } of await this.ledger.open(basesService)) {
      if (event.type !== eventTypes.baseMoved) continue;
      const { reference, sequence } = event.data.customData;
      const record = await this.ledger.read(baseKey(reference, sequence));
      if (record !== undefined) moves.push(record);
    }
    return moves;
  }

  /** By the record, not by the note: another leader may have been first with it, and have seen something else. */
  report(record: BaseRecord): Promise<readonly Event[]> {
    const event = baseMoved(record);
    return Promise.resolve(event === undefined ? [] : [event]);
  }

  async mark(record: BaseRecord): Promise<void> {
    await this.ledger.close(baseMovedNote(record));
  }
}

export const moveKey = ({ reference }: BaseRecord): string => reference;
