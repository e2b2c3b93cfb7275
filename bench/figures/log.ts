import { createHash } from 'node:crypto';
import path from 'node:path';
import { LogWriter, verifyLog } from '@keelson/logs';
import { DirObjectStore } from '@keelson/objects';
import type { Figure } from '../figure';
import { timed } from '../statistics';

const megabyte = 1_000_000;
const totalBytes = 1_000 * megabyte;

/** Lines as build logs have them, one block written again and again. */
const block = Array.from({ length: 1_000 }, (_, index) =>
  Buffer.from(`[${String(index).padStart(4, '0')}] compiling module ${index % 37} of the widget: ${'.'.repeat(58)}`),
);
const blockBytes = block.reduce((sum, line) => sum + line.byteLength + 1, 0);
const blocks = Math.ceil(totalBytes / blockBytes);

/** What the process holds, sampled while it writes: at first it grows to its working size. */
class Memory {
  readonly #samples: number[] = [];

  sample(): void {
    this.#samples.push(process.memoryUsage.rss());
  }

  /** From the first tenth on, MB. */
  growth(): number {
    const settled = this.#samples.slice(Math.ceil(this.#samples.length / 10));
    return (Math.max(...settled) - (settled[0] ?? 0)) / megabyte;
  }

  most(): number {
    return Math.max(...this.#samples) / megabyte;
  }
}

export const log: Figure = {
  name: 'log',
  title: '1 GB of output through the log store onto a directory',
  limitSeconds: 120,
  async measure(place) {
    const store = await DirObjectStore.open(path.join(place.directory, 'objects'));
    const prefix = 'logs/run/1/test/';
    const memory = new Memory();
    const writer = new LogWriter({ store, prefix, clock: Date.now });
    place.tell('writing 1 GB');
    const cpu = process.cpuUsage();
    const { ms } = await timed(async () => {
      await writeAll(writer, memory);
      await writer.seal();
    });
    const spent = process.cpuUsage(cpu);
    place.tell('reading it again');
    const verified = await timed(() => verifyLog({ store, prefix }, new AbortController().signal));
    const verdict = verified.result;
    const sha256 = verdict.intact ? verdict.manifest.sha256 : '';
    const written = (blocks * blockBytes) / megabyte;
    return {
      measures: [
        { name: 'write', value: (written / ms) * 1_000, unit: 'MB/s', aim: { atLeast: 50 } },
        { name: 'lines written', value: blocks * block.length, unit: '' },
        { name: 'lost or changed', value: sha256 === expectedSha256() ? 0 : 1, unit: '', aim: { atMost: 0 } },
        { name: 'RSS growth after the first tenth', value: memory.growth(), unit: 'MB', aim: { atMost: 50 } },
        { name: 'RSS at most', value: memory.most(), unit: 'MB' },
        { name: 'processor time', value: (spent.user + spent.system) / 1_000 / written, unit: 'ms/MB' },
        { name: 'verify', value: (written / verified.ms) * 1_000, unit: 'MB/s' },
      ],
      notes: [verdict.intact ? 'verified: the chunks are what the manifest says' : `NOT INTACT: ${verdict.difference}`],
    };
  },
};

async function writeAll(writer: LogWriter, memory: Memory): Promise<void> {
  for (let count = 0; count < blocks; count += 1) {
    const time = new Date().toISOString().replace('Z', '000000Z');
    for (const bytes of block) await writer.write({ time, bytes });
    if (count % 100 === 0) memory.sample();
  }
  memory.sample();
}

/** Of what was meant to be written, computed without the log store. */
function expectedSha256(): string {
  const hash = createHash('sha256');
  const bytes = Buffer.concat(block.flatMap((line) => [line, Buffer.from('\n')]));
  for (let count = 0; count < blocks; count += 1) hash.update(bytes);
  return hash.digest('hex');
}
