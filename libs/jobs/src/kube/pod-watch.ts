import { setTimeout as sleep } from 'node:timers/promises';
import { Wake } from '../wake';
import { allPodsPath, podsPath } from './api-paths';
import type { KubeHost } from './kube-host';
import { jobLabel, kubeName } from './kube-names';
import { watchEvent } from './kube-objects';
import { TextLines } from './text-lines';

/** A connection that says nothing may be dead without anybody knowing: it is made anew this often. */
const renewMs = 60_000;
const pauseMs = { first: 200, most: 10_000 };

/**
 * One watch of all pods of jobs for everybody here who waits for one to change. A hint, no more: a watch ends, goes silent or forgets; it is begun
 * anew, and who waits is woken then, as something may have happened in between.
 */
export class PodWatch {
  readonly #host: KubeHost;
  /** And the job they wait for, by its label; undefined: any. */
  readonly #wakes = new Map<Wake, string | undefined>();
  #watching: AbortController | undefined;
  /** Why the last watch ended: told once, until there is one again. */
  #fault: string | undefined;

  constructor(host: KubeHost) {
    this.#host = host;
  }

  /** Wakes when some pod changed. Without anybody to wake there is no watch. @param job only this job's */
  join(wake: Wake, job?: string): { leave: () => void } {
    this.#wakes.set(wake, job === undefined ? undefined : kubeName(job));
    if (this.#watching === undefined) {
      this.#watching = new AbortController();
      void this.#watch(this.#watching.signal);
    }
    return { leave: () => this.#leave(wake) };
  }

  #leave(wake: Wake): void {
    this.#wakes.delete(wake);
    if (this.#wakes.size > 0) return;
    this.#watching?.abort();
    this.#watching = undefined;
  }

  /** @param job whose pod changed; undefined: nobody knows */
  #tell(job?: string): void {
    for (const [wake, awaited] of this.#wakes) {
      if (job === undefined || awaited === undefined || awaited === job) wake.up();
    }
  }

  /** Never rejects. */
  async #watch(signal: AbortSignal): Promise<void> {
    for (let pause = pauseMs.first; !signal.aborted;) {
      const beganAtMs = performance.now();
      try {
        await this.#once(signal);
      } catch (error) {
        if (!signal.aborted) this.#warn((error as Error).message);
      }
      this.#tell();
      pause = performance.now() - beganAtMs > pauseMs.most ? pauseMs.first : Math.min(pause * 2, pauseMs.most);
      await sleep(pause, undefined, { signal }).catch(() => undefined); // woken by the end
    }
  }

  #warn(fault: string): void {
    if (fault !== this.#fault) this.#host.onWarning(`the watch of pods ended: ${fault}`);
    this.#fault = fault;
  }

  async #once(signal: AbortSignal): Promise<void> {
    const { api, namespace, anyNamespace } = this.#host;
    const renew = AbortSignal.timeout(renewMs);
    // It begins with all pods there are, as the API server knows them. Without a version it would wait until it knows of everything that was
    // ever written, which with an etcd before 3.5.13 only another change of a pod tells it: it gives up after 3 s, each time.
    const query = { watch: 'true', labelSelector: jobLabel, allowWatchBookmarks: 'false', resourceVersion: '0' };
    const path = anyNamespace ? allPodsPath : podsPath(namespace);
    try {
      const all = AbortSignal.any([signal, renew]);
      const lines = new TextLines();
      const pieces = await api.stream({ what: 'watching pods', path, query, signal: all });
      this.#fault = undefined;
      for await (const piece of pieces) {
        for (const line of lines.push(piece as Buffer)) this.#take(line);
      }
    } catch (error) {
      if (!renew.aborted) throw error;
    }
  }

  #take(line: string): void {
    const { type, object } = watchEvent.parse(JSON.parse(line));
    if (type === 'ERROR') throw new Error(line.slice(0, 300)); // 410: what happened since is forgotten
    this.#tell(object.metadata?.labels?.[jobLabel]);
  }
}
