import type { AuditLog } from './audit-log';
import type { OutsideMessage } from './bus';
import type { Store } from './lmdb-store';
import { outsideMessageJson, parseOutsideMessage } from './outside-message';

/** The name of the inbox among the services' queues; no service may have it. */
export const inboxName = 'inbox';

/** Messages from outside, by an offset out of the audit's numbers: one number names one delivery, of an event or of a message. */
export class Inbox {
  readonly #store: Store;
  readonly #audit: AuditLog;

  constructor(store: Store, audit: AuditLog) {
    this.#store = store;
    this.#audit = audit;
  }

  /** Stores a message; returns its offset. In a transaction. */
  append(message: OutsideMessage): number {
    const offset = this.#audit.takeOffset();
    this.#store.inbox.putSync(offset, outsideMessageJson(message));
    return offset;
  }

  has(offset: number): boolean {
    return this.#store.inbox.doesExist(offset);
  }

  /** Undefined when there is none. @throws z.ZodError or SyntaxError when the row is not of this version */
  get(offset: number): OutsideMessage | undefined {
    const json = this.#store.inbox.get(offset);
    return json === undefined ? undefined : parseOutsideMessage(json);
  }

  /** In a transaction. */
  forget(offset: number): void {
    this.#store.inbox.removeSync(offset);
  }
}
