import type { FileHandle } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { outputRecord } from './output-record';
import { rfc3339 } from './stamp-clock';
import type { StampClock } from './stamp-clock';

/** A writer nobody could end and that never stops is waited for this many times longer than a silent one. */
const maxBusyWaits = 10;

/** Copies a job's output from its pipe into its file, each piece with the time it came. Reads no faster than the disk takes it. */
export class OutputPump {
  /** Resolves at the end of the output; rejects when it cannot be written. */
  readonly ended: Promise<void>;
  #reads = 0;
  #writing = false;
  #gaveUp = false;

  constructor(
    private readonly source: Socket,
    private readonly file: FileHandle,
    private readonly clock: StampClock,
  ) {
    this.ended = this.#run();
    this.ended.catch(() => undefined); // told to who waits for the end
  }

  /** Waits for the end of the output, but not for a writer that is silent for so long, or never stops. */
  async finish(idleMs: number): Promise<void> {
    for (let waits = 0; waits < maxBusyWaits;) {
      const before = this.#reads;
      const ended = await Promise.race([this.ended.then(() => true), sleep(idleMs, false)]);
      if (ended) return;
      if (this.#reads > before) waits += 1;
      // A slow disk is no silence: there may be more in the pipe.
      else if (!this.#writing) break;
    }
    this.#gaveUp = true;
    this.source.destroy();
    await this.ended;
  }

  async #run(): Promise<void> {
    try {
      for await (const bytes of this.source) {
        this.#reads += 1;
        this.#writing = true;
        await this.file.appendFile(outputRecord(rfc3339(this.clock.nowNs()), bytes as Buffer));
        this.#writing = false;
      }
    } catch (error) {
      if (!this.#gaveUp) throw error;
    }
  }
}
