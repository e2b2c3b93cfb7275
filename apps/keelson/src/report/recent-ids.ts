/** Remembers the last so many ids. */
export class RecentIds {
  readonly #ids = new Set<string>();

  constructor(readonly limit: number) {}

  /** False when the id is among the last ones already. */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    const [oldest] = this.#ids;
    if (this.#ids.size > this.limit && oldest !== undefined) this.#ids.delete(oldest);
    return true;
  }
}
