import { account } from '@keelson/ledger';
import type { Account } from '@keelson/ledger';
import { random } from '../../support/random';
import { runViews } from './expect-run';
import { FiveServices } from './five-services';
import type { ServedRepository } from './served-repository';
import { services } from './service-process';
import type { ServiceName, ServiceProcess } from './service-process';

export type SoakOptions = {
  changes: number;
  repositories: number;
  say: (line: string) => void;
};

type Memory = Record<ServiceName, Awaited<ReturnType<ServiceProcess['memory']>>>;

export type Soaked = {
  account: Account;
  seed: number;
  kills: number;
  seconds: number;
  memory: { before: Memory; after: Memory };
};

/** Of the changes, those during which services are killed; in the rest, memory is watched. */
const killedShare = 2 / 3;
/** At most so many runs that have not ended: the cluster starts about one Job per second. */
const mostOpen = 12;
const settleMs = 600_000;

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Pushes changes for as long as it takes while services die at random moments, and ends when the fate of every change is known. */
export class Soak {
  readonly #random = random();
  readonly #startedAt = Date.now();
  #pushed = 0;
  #kills = 0;

  private constructor(
    readonly five: FiveServices,
    private readonly options: SoakOptions,
  ) {}

  static async prepare(options: SoakOptions): Promise<Soak> {
    const repositories = Array.from({ length: options.repositories }, (_, index) => `widget-${index}`);
    return new Soak(await FiveServices.prepare({ repositories }), options);
  }

  async run(): Promise<Soaked> {
    const { changes, say } = this.options;
    const { seed } = this.#random;
    say(`${changes} changes over ${this.options.repositories} repositories, KEELSON_SEED=${seed}`);
    for (const repository of this.five.repositories) {
      repository.clusterPipeline('echo "commit $KEELSON_COMMIT"');
      this.#push(repository);
    }
    await this.five.start();
    // From then on each later commit is seen, or contained in one that is.
    await this.#until(({ seen }) => seen === this.#pushed);
    const killed = new AbortController();
    const killing = this.#killUntil(killed.signal);
    await this.#pushUntil(Math.floor(changes * killedShare));
    killed.abort();
    await killing;
    await this.#until(({ fates }) => fates.running === 0);
    const before = await this.#memory();
    await this.#pushUntil(changes);
    const all = await this.#until(({ seen, fates }) => seen === changes && fates.running === 0);
    const seconds = Math.round((Date.now() - this.#startedAt) / 1_000);
    return { account: all, seed, kills: this.#kills, seconds, memory: { before, after: await this.#memory() } };
  }

  close(): Promise<void> {
    return this.five.close();
  }

  async #pushUntil(count: number): Promise<void> {
    while (this.#pushed < count) {
      while ((await this.#open()) >= mostOpen) await sleep(250);
      const { repositories } = this.five;
      const repository = repositories[Math.floor(this.#random.next() * repositories.length)];
      if (repository !== undefined) this.#push(repository);
      if (this.#pushed % 50 === 0) this.options.say(`${this.#pushed} pushed, ${this.#kills} kills`);
      await sleep(this.#random.next() * 1_000);
    }
  }

  /** The runs that have not ended, by the names of records alone: to account for everything after each change would take longer and longer. */
  async #open(): Promise<number> {
    const keys = await this.five.own.keys('runs/');
    const runs = (wanted: readonly string[]) => new Set(wanted.map((key) => key.split('/')[1])).size;
    return runs(keys) - runs(keys.filter((key) => key.endsWith('/end.json')));
  }

  #push(repository: ServedRepository): void {
    this.#pushed += 1;
    repository.push(`change ${this.#pushed}`);
  }

  async #killUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(3_000 + this.#random.next() * 9_000);
      const victim = services[Math.floor(this.#random.next() * services.length)];
      if (signal.aborted || victim === undefined) return;
      // Until it works again nobody else dies: on a busy machine nothing would ever be done.
      await this.five.crash(victim);
      this.#kills += 1;
    }
  }

  async #until(holds: (account: Account) => boolean): Promise<Account> {
    const deadline = Date.now() + settleMs;
    for (;;) {
      const now = await account(await this.five.own.ledger());
      if (holds(now)) return now;
      if (Date.now() > deadline) throw new Error(`KEELSON_SEED=${this.#random.seed}: ${await this.#stuck(now)}`);
      await sleep(1_000);
    }
  }

  async #stuck(now: Account): Promise<string> {
    const open = (await runViews(this.five.own)).filter(({ outcome }) => outcome === 'running');
    return `after ${settleMs} ms still ${JSON.stringify(now)}, with ${JSON.stringify(open)}:\n${this.five.said()}`;
  }

  async #memory(): Promise<Memory> {
    const all = services.map(async (name) => [name, await this.five.service(name).memory()]);
    return Object.fromEntries(await Promise.all(all)) as Memory;
  }
}
