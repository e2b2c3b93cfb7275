const most = 20;
const longest = 500;

/** The last lines of an output: enough to see what went wrong, never more. */
export class LastLines {
  #lines: string[] = [];

  add(text: string): void {
    for (const line of text.replace(/\n$/, '').split('\n')) this.#lines.push(line.slice(0, longest));
    if (this.#lines.length > most) this.#lines = this.#lines.slice(-most);
  }

  clear(): void {
    this.#lines = [];
  }

  get lines(): readonly string[] {
    return this.#lines;
  }
}
