import { stopInOrder } from '@keelson/service';
import { servers } from '@keelson/testbed';
import type { Servers } from '@keelson/testbed';
import type { RunView } from '@keelson/ledger';
import { untilEnded } from './expect-run';
import { kubectl } from './kubectl';
import { OwnServers } from './own-servers';
import { ServedRepository } from './served-repository';
import { ServiceProcess, services } from './service-process';
import type { ServiceName } from './service-process';

export type FiveServicesOptions = {
  /** Servers that are not the testbed's: a broker that the test restarts, for one. */
  at?: Partial<Servers>;
  repositories: readonly string[];
  /** Further settings of the services. */
  settings?: Record<string, string>;
};

/** The five services as processes of this machine, each of which can be killed, with repositories and a namespace of a test's own. */
export class FiveServices {
  readonly own: OwnServers;
  readonly repositories: readonly ServedRepository[];
  /** In the order of their starts, with those that have ended. */
  readonly #launched: ServiceProcess[] = [];
  #environment: Record<string, string> = {};

  private constructor(options: FiveServicesOptions) {
    this.own = new OwnServers({ ...servers, ...options.at });
    this.repositories = options.repositories.map((name) => new ServedRepository(name));
  }

  /** Starts nothing yet but what the services need. */
  static async prepare(options: FiveServicesOptions): Promise<FiveServices> {
    const five = new FiveServices(options);
    await five.own.open();
    await kubectl(['create', 'namespace', five.own.name]);
    const urls = await Promise.all(five.repositories.map((repository) => repository.serve()));
    five.#environment = {
      ...five.own.environment,
      ...{ KEELSON_NAMESPACE: five.own.name, KEELSON_KUBECONFIG: five.own.at.kubeconfig },
      ...{ KEELSON_SOURCES: urls.map((url) => `${url}^main`).join(','), KEELSON_SOURCE_INTERVAL: '1s' },
      ...options.settings,
    };
    return five;
  }

  /** Starts all five, and waits until they work. */
  async start(): Promise<this> {
    await Promise.all(services.map((name) => this.launch(name).started()));
    return this;
  }

  /** Starts one, or one more. @param more settings of it alone @param dieWhen see die-when.cjs */
  launch(name: ServiceName, more: Record<string, string> = {}, dieWhen?: string): ServiceProcess {
    const service = new ServiceProcess(name, { ...this.#environment, ...more }, dieWhen);
    this.#launched.push(service);
    return service;
  }

  /** Ends one as a crash does, and starts it again; resolves when it works. */
  async crash(name: ServiceName): Promise<void> {
    await this.service(name).kill();
    await this.launch(name).started();
  }

  /** The one that was started last. */
  service(name: ServiceName): ServiceProcess {
    const service = this.#launched.findLast((each) => each.name === name);
    if (service === undefined) throw new Error(`${name} was not started`);
    return service;
  }

  /** What they logged: for a failed test. */
  said(): string {
    return this.#launched.map(({ name, stderr }) => `${name}: ${stderr}`).join('\n');
  }

  untilEnded(count: number, timeoutMs = 300_000): Promise<RunView[]> {
    return untilEnded(this.own, { count, timeoutMs, said: () => this.said() });
  }

  /** Ends and removes all of it, whatever fails of that. @throws Error that names what is left */
  async close(): Promise<void> {
    const left = await stopInOrder(
      [
        ...this.#launched.map((service) => ({
          name: service.name,
          stop: async () => void (await service.kill()),
        })),
        {
          name: 'the namespace',
          stop: async () => void (await kubectl(['delete', 'namespace', this.own.name, '--wait=false'])),
        },
        ...this.repositories.map((repository) => ({ name: repository.name, stop: () => repository.close() })),
        { name: 'the servers of its own', stop: () => this.own.close() },
      ],
      { timeoutMs: 180_000 },
    );
    if (left.length > 0) throw new Error(`not removed: ${left.map(({ name, why }) => `${name} (${why})`).join(', ')}`);
  }
}
