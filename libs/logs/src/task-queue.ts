/** Runs tasks one after the other. After a failure none of the later ones runs: what they would store has lost its place. */
export class TaskQueue {
  #last = Promise.resolve();
  #unfinished = 0;
  #room: Promise<void> | undefined;
  #failure: { error: unknown } | undefined;

  /** Set while more than one task is unfinished: await it before adding more. Rejects when a task failed. */
  get room(): Promise<void> | undefined {
    return this.#room;
  }

  /** The first failure. */
  get failure(): { error: unknown } | undefined {
    return this.#failure;
  }

  add(task: () => Promise<void>): void {
    if (this.#unfinished > 0) this.#waitFor(this.#last);
    this.#unfinished += 1;
    this.#last = this.#last.then(task).finally(() => {
      this.#unfinished -= 1;
    });
    this.#last.catch((error: unknown) => {
      this.#failure ??= { error };
    });
  }

  /** Resolves when all tasks added so far have ended. @throws what the first failed task threw */
  async finished(): Promise<void> {
    await this.#last;
  }

  /** Resolves when all tasks added so far have ended, well or not. */
  async idle(): Promise<void> {
    await this.#last.catch(() => undefined);
  }

  #waitFor(task: Promise<void>): void {
    const room = task.finally(() => {
      if (this.#room === room) this.#room = undefined;
    });
    // Whoever awaits it sees the failure too; nobody may.
    room.catch(() => undefined);
    this.#room = room;
  }
}
