import { randomUUID } from 'node:crypto';
import { builderSettings } from '@keelson/builders';
import type { BuilderSettings, StrategyName } from '@keelson/builders';
import { logPrefix, stageEndedKey } from '@keelson/ledger';
import type { StageEnded } from '@keelson/ledger';
import { readLog } from '@keelson/logs';
import type { RegistryClientOptions } from '@keelson/registry';
import { servers } from '@keelson/testbed';
import { WorkObserver } from '@keelson/work';
import { until } from '@keelson/work-testing';
import { kubeHarness } from '../../../libs/jobs/src/kube-harness.contract';
import type { KubeHarness } from '../../../libs/jobs/src/kube-harness.contract';
import { buildKind } from './build-kind';
import { unaborted, World } from './builder-fixture.contract';
import type { Asked } from './builder-fixture.contract';
import type { BuildQueued, BuildWork } from './deps';
import { buildImage } from './stage';
import { overPlainHttp, testbedBuilders } from './testbed-builders.contract';

/** The builder, if not BuildKit. The registry that images of a suite go to, if not the testbed's; further ones that it knows, all over plain HTTP. */
export type Place = {
  strategy?: StrategyName;
  registry?: string;
  others?: readonly string[];
  credentials?: NonNullable<RegistryClientOptions['credentials']>;
};

/** How long a build is waited for: a bound on what is stuck. */
export const buildMs = 550_000;

/** Real builds by a builder on the testbed's cluster, by the service's own code. */
export class BuilderHarness {
  readonly #dying = new AbortController();

  private constructor(
    readonly strategy: StrategyName,
    readonly world: World,
    readonly kube: KubeHarness,
    readonly work: BuildWork & { builders: BuilderSettings },
  ) {}

  static async open({
    strategy = 'buildkit',
    registry = servers.registry,
    others = [],
    credentials,
  }: Place = {}): Promise<BuilderHarness> {
    const hosts = [...new Set([servers.registry, registry, ...others])];
    const options: RegistryClientOptions = {
      registries: overPlainHttp(hosts),
      ...(credentials === undefined ? {} : { credentials }),
    };
    const builders = await testbedBuilders(hosts, strategy);
    const kube = await kubeHarness();
    const prefix = `${registry}/keelson-build-${randomUUID().slice(0, 8)}`;
    const jobs = await kube.open();
    const work = { jobs, limit: 2, cancelRunning: true, retryDelaysMs: [], builders, warn: () => undefined };
    return new BuilderHarness(strategy, await World.open({ prefix, options }), kube, work);
  }

  async end(): Promise<void> {
    this.#dying.abort();
    await this.world.end();
    await this.kube.end();
  }

  /** The same with other settings of the builder. */
  with(more: Readonly<Record<string, unknown>>, rest: Partial<BuildWork> = {}): BuilderHarness {
    const { strategy } = this;
    const { [strategy]: own, ...others } = this.work.builders;
    const builders = builderSettings.parse({ ...others, [strategy]: { ...own, ...more } });
    return new BuilderHarness(strategy, this.world, this.kube, { ...this.work, ...rest, builders });
  }

  /** Asks for a build. What comes of it is for who looks: see `pass`. */
  async ask(asked: Asked): Promise<BuildQueued> {
    const event = await this.world.frozen({ ...asked, build: { strategy: this.strategy, ...asked.build } });
    await buildImage(this.deps())(event, unaborted);
    return event;
  }

  deps() {
    return { ...this.world.deps(), clock: Date.now, work: this.work };
  }

  observer(): WorkObserver<BuildQueued> {
    const deps = this.deps();
    return new WorkObserver<BuildQueued>({ ...this.work, ledger: deps.ledger, clock: Date.now }, buildKind(deps));
  }

  /** One look, as the loop does it. */
  async pass(observer: WorkObserver<BuildQueued>): Promise<void> {
    for (const state of await observer.list()) {
      await observer.report(state, this.#dying.signal);
      await observer.mark(state);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }

  /** How it ended. */
  endedOf({ data }: BuildQueued): Promise<StageEnded | undefined> {
    return this.world.ledger.read(stageEndedKey({ ...data.customData, stage: 'build' }));
  }

  /** What its builder printed. */
  async logOf({ data }: BuildQueued): Promise<string> {
    const prefix = logPrefix({ ...data.customData, stage: 'build' });
    const lines: string[] = [];
    for await (const { bytes } of readLog({ store: this.world.ledger.store, prefix, follow: false }, unaborted))
      lines.push(Buffer.from(bytes).toString());
    return lines.join('\n');
  }

  /** Builds a tree, from its event to its record; `meanwhile` is done at each look. */
  async built(
    asked: Asked,
    meanwhile: (event: BuildQueued) => Promise<void> = () => Promise.resolve(),
  ): Promise<{ event: BuildQueued; ended: StageEnded }> {
    const event = await this.ask(asked);
    const observer = this.observer();
    await until(
      'it has ended',
      async () => {
        await this.pass(observer);
        await meanwhile(event);
        return (await this.endedOf(event)) !== undefined;
      },
      buildMs,
    );
    return { event, ended: (await this.endedOf(event))! };
  }
}
