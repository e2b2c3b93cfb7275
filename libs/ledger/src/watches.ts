import { unsegment } from './key';
import { watchesPrefix, watchKey, watchName } from './keys';
import type { Ledger } from './ledger';
import type { WatchRecord } from './records';

/** What the records say is to be watched. Reads each record once. */
export class Watches {
  readonly #read = new Map<string, WatchRecord>();

  constructor(readonly ledger: Ledger) {}

  /** The record that counts of each source and pattern, by name, also where it says "not any more". */
  async current(): Promise<readonly WatchRecord[]> {
    const newest = new Map<string, number>();
    for await (const { key } of this.ledger.store.list(watchesPrefix)) {
      const [name = '', file = ''] = key.slice(watchesPrefix.length).split('/');
      newest.set(unsegment(name), Number.parseInt(file, 10)); // in ascending order
    }
    const records = [...newest]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, sequence]) => this.#record(name, sequence));
    return (await Promise.all(records)).filter((record) => record !== undefined);
  }

  /** Every record of one source and pattern, oldest first. */
  async history(of: Pick<WatchRecord, 'source' | 'pattern'>): Promise<readonly WatchRecord[]> {
    const name = watchName(of);
    const records: WatchRecord[] = [];
    for (;;) {
      const record = await this.#record(name, records.length + 1);
      if (record === undefined) return records;
      records.push(record);
    }
  }

  async #record(name: string, sequence: number): Promise<WatchRecord | undefined> {
    const key = watchKey(name, sequence);
    const record = this.#read.get(key.path) ?? (await this.ledger.read(key));
    if (record !== undefined) this.#read.set(key.path, record);
    return record;
  }
}
