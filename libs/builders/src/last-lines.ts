const most = 20;
const longest = 500;

/** The last lines of an output: enough to see what went wrong, never more. */
export class LastLines {
  #lines: string[] = [];
  /** The stream whose last line has no end yet. */
  #open: string | undefined;

  /** Whole lines. */
  add(text: string): void {
    for (const line of text.replace(/\n$/, '').split('\n')) this.#lines.push(line.slice(0, longest));
    if (this.#lines.length > most) this.#lines = this.#lines.slice(-most);
    this.#open = undefined;
  }

  /** What was read of a stream at once: some lines, or a part of one that the next goes on with. */
  print(text: string, stream: string): void {
    const before = this.#open === stream ? (this.#lines.pop() ?? '') : '';
    this.add(before + text);
    this.#open = text.endsWith('\n') ? undefined : stream;
  }

  clear(): void {
    this.#lines = [];
    this.#open = undefined;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }
}
