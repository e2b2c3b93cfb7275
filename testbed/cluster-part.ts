import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { servers } from './servers';
import { suiteUnless } from './suite';
import type { Suite } from './suite';

const program = path.join(__dirname, 'testbed');

/** A part of the testbed's cluster that a suite takes away and brings back. Only for one that has the cluster to itself: `*.alone.spec.ts`. */
export class ClusterPart {
  constructor(readonly name: 'kube-apiserver' | 'kubelet') {}

  /** Ends it at once, as a crash does. */
  kill(): Promise<void> {
    return this.#do('kill');
  }

  /** Starts it when it does not run, and waits until it works. */
  start(): Promise<void> {
    return this.#do('start');
  }

  /** @throws Error with what the testbed said */
  async #do(what: 'kill' | 'start'): Promise<void> {
    await promisify(execFile)(program, [what, this.name], { timeout: 120_000 });
  }
}

/** `describe` where the cluster is the testbed's own, whose parts are processes of this machine. */
export function describeOnOwnCluster(): Suite {
  const running = path.join(path.dirname(servers.kubeconfig), '../kubelet.pid');
  const isOwn = servers.kubeconfig !== '' && existsSync(running);
  return suiteUnless(isOwn ? undefined : 'the cluster is not one that `npm run testbed -- up` started');
}
