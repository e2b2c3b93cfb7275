import { Counter, Histogram, Registry } from 'prom-client';
import type { BuildMetric, DeliveryMetric, Metrics, VerifiedMetric } from './metrics';

/** From a millisecond on one machine to the minutes of a queue that is behind. */
const buckets = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600];

/** The metrics of one process, of all services in it, in a registry of their own. */
export class PromMetrics implements Metrics {
  readonly #registry = new Registry();
  readonly #deliveries = this.#counter('deliveries_total', 'Deliveries by what the stage did with them', [
    'type',
    'outcome',
  ]);
  readonly #retries = this.#counter('retries_total', 'Deliveries that had failed before', ['type']);
  readonly #parked = this.#counter('parked_total', 'Deliveries given up, by reason', ['type', 'code']);
  readonly #passes = this.#counter('observer_passes_total', 'Looks of an observer', ['observer', 'outcome']);
  readonly #reports = this.#counter('observer_reports_total', 'Items reported by an observer', ['observer', 'outcome']);
  readonly #steps = this.#counter('build_steps_total', 'Steps of Dockerfiles by cache', ['project', 'cache']);
  readonly #layers = this.#counter('build_layer_bytes_total', 'Bytes of built layers, new or as before', [
    'project',
    'state',
  ]);
  readonly #verified = this.#counter('builds_verified_total', 'Builds made again without cache, by what came of it', [
    'project',
    'outcome',
  ]);
  readonly #wait = this.#histogram('queue_wait_seconds', 'From publishing to the first hand-out');
  readonly #stage = this.#histogram('stage_seconds', 'What a stage took for one delivery');

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics in the text format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  delivered({ service, type, outcome, stageMs, waitMs, retried }: DeliveryMetric): void {
    this.#deliveries.inc({ service, type, outcome });
    this.#stage.observe({ service, type }, stageMs / 1_000);
    if (waitMs !== undefined) this.#wait.observe({ service, type }, Math.max(waitMs, 0) / 1_000);
    if (retried) this.#retries.inc({ service, type });
  }

  parked({ service, type, code }: { service: string; type: string; code: string }): void {
    this.#parked.inc({ service, type, code });
  }

  passed({ service, observer, ok }: { service: string; observer: string; ok: boolean }): void {
    this.#passes.inc({ service, observer, outcome: ok ? 'ok' : 'error' });
  }

  reported({ service, observer, ok }: { service: string; observer: string; ok: boolean }): void {
    this.#reports.inc({ service, observer, outcome: ok ? 'ok' : 'error' });
  }

  built({ service, project, hits, misses, bytes }: BuildMetric): void {
    this.#steps.inc({ service, project, cache: 'hit' }, hits);
    this.#steps.inc({ service, project, cache: 'miss' }, misses);
    if (bytes === undefined) return;
    this.#layers.inc({ service, project, state: 'pushed' }, bytes.pushed);
    this.#layers.inc({ service, project, state: 'skipped' }, bytes.skipped);
  }

  verified({ service, project, outcome }: VerifiedMetric): void {
    this.#verified.inc({ service, project, outcome });
  }

  #counter(name: string, help: string, labels: string[]): Counter {
    return new Counter({ ...this.#named(name, help), labelNames: ['service', ...labels] });
  }

  #histogram(name: string, help: string): Histogram {
    return new Histogram({ ...this.#named(name, help), labelNames: ['service', 'type'], buckets });
  }

  #named(name: string, help: string): { name: string; help: string; registers: Registry[] } {
    return { name: `keelson_${name}`, help, registers: [this.#registry] };
  }
}
