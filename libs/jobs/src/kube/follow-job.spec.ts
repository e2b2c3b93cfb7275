import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KubeConfig } from '@kubernetes/client-node';
import type { JobLogEntry, JobLogPlace } from '../jobs';
import { followJob } from './follow-job';
import { KubeApi } from './kube-api';
import type { KubeHost } from './kube-host';
import { jobLabel, nameAnnotation } from './kube-names';
import { PodWatch } from './pod-watch';

const at = (n: number): string => `2026-11-24T10:00:${String(n).padStart(2, '0')}.000000001Z`;
const startedAt = '2026-11-24T10:00:00Z';
const finishedAt = '2026-11-24T10:00:30Z';
type Answer = { status?: number; body: string };

const ended = { terminated: { exitCode: 0, startedAt, finishedAt } };
const lost = { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown', startedAt: null, finishedAt: null } };
const unknown: Answer = { status: 400, body: 'container "main" in pod "0-1-test-x" is not available' };
const away: Answer = { status: 500, body: 'Get "https://10.0.0.1:10250/": dial tcp: connect: connection refused' };

/** An API server that knows one job, and answers as it is told to. */
class OneJob {
  /** What of the job's containers is told, one look after the other; the last one stays. */
  states: { init?: object; main: object; phase?: string }[] = [{ init: ended, main: ended }];
  /** A container's log, or what is answered instead. */
  log: (container: string) => Answer = () => ({ body: '' });
  readonly #server = http.createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://cluster');
    if (searchParams.has('watch')) return void response.writeHead(200).flushHeaders();
    const answer = pathname.endsWith('/log')
      ? this.#since(this.log(searchParams.get('container') ?? ''), searchParams.get('sinceTime') ?? '')
      : { body: JSON.stringify({ metadata: {}, items: [pathname.endsWith('/jobs') ? this.#job() : this.#pod()] }) };
    response.writeHead(answer.status ?? 200).end(answer.body);
  });

  async host(): Promise<KubeHost> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const server = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    const config = { getCurrentCluster: () => ({ server }), applyToHTTPSOptions: () => Promise.resolve() };
    return {
      ...{ api: new KubeApi(config as unknown as KubeConfig), namespace: 'work', anyNamespace: false, accounts: [] },
      graces: { stopGraceMs: 2000, startMs: 600_000, pullMs: 60_000, scheduleMs: 120_000, refusalMs: 20_000 },
      ...{ podHelperImage: undefined, uploads: undefined, userOf: () => Promise.resolve(undefined) },
      clock: () => Date.parse(startedAt) + 1000,
      onWarning: () => undefined,
    };
  }

  close(): void {
    this.#server.close().closeAllConnections();
  }

  #since({ status, body }: Answer, since: string): Answer {
    const lines = body.split('\n').filter((line) => line >= since.slice(0, 19));
    return { ...(status === undefined ? {} : { status }), body: status === undefined ? lines.join('\n') : body };
  }

  readonly #metadata = { namespace: 'work', labels: { [jobLabel]: '0-1-test' }, creationTimestamp: startedAt };
  #job = () => ({ metadata: { ...this.#metadata, name: '0-1-test', annotations: { [nameAnnotation]: '0.1.test' } } });

  #pod(): object {
    const { init, main, phase = 'Running' } = (this.states.length > 1 ? this.states.shift() : this.states[0])!;
    return {
      metadata: { ...this.#metadata, name: '0-1-test-x' },
      spec: { initContainers: init === undefined ? [] : [{ name: 'init' }], containers: [{ name: 'main' }] },
      status: {
        phase,
        initContainerStatuses: init === undefined ? [] : [{ name: 'init', state: init }],
        containerStatuses: [{ name: 'main', state: main }],
      },
    };
  }
}

describe('the output of a job', () => {
  let cluster: OneJob;
  let host: KubeHost;
  beforeEach(async () => {
    cluster = new OneJob();
    host = await cluster.host();
  });
  afterEach(() => {
    host.api.close();
    cluster.close();
  });

  async function read(place: JobLogPlace = { skipLines: 0 }): Promise<string[]> {
    const { signal } = new AbortController();
    const told: JobLogEntry[] = [];
    const following = { name: '0.1.test', place, saidEnd: () => undefined, signal };
    for await (const entry of followJob(host, new PodWatch(host), following)) told.push(entry);
    return told.map((entry) => ('gap' in entry ? `GAP ${entry.gap}` : Buffer.from(entry.bytes).toString()));
  }
  const logOf = (times: readonly number[], name: string): Answer => ({
    body: times.map((n) => `${at(n)} ${name} ${n}\n`).join(''),
  });

  it.each([0, 1, 2, 3, 4, 5])('of an init container and another goes on behind %i lines', async (skipLines) => {
    const times = { init: [1, 2], main: [5, 6, 9] };
    cluster.log = (container) => logOf(times[container as 'init' | 'main'], container);
    const all = ['init 1', 'init 2', 'main 5', 'main 6', 'main 9'];
    const last = all[skipLines - 1]?.split(' ')[1];
    const place = { skipLines, ...(last === undefined ? {} : { after: at(Number(last)) }) };
    expect(await read(place)).toEqual(all.slice(skipLines));
  });

  it('that is gone from its init container is looked for in the other, and named', async () => {
    cluster.log = (container) => logOf(container === 'init' ? [] : [5, 6], container);
    expect(await read({ skipLines: 2, after: at(2) })).toEqual([expect.stringMatching(/^GAP /), 'main 5', 'main 6']);
  });

  it('that has ended is waited for while its kubelet is away, however often that is said', async () => {
    cluster.states = [{ main: ended }];
    let refusals = 22;
    cluster.log = (container) => (refusals-- > 0 ? away : logOf([1, 2], container));
    expect(await read()).toEqual(['main 1', 'main 2']);
  });

  it('of a container that was taken away with its machine is given up soon: nobody told its end', async () => {
    cluster.states = [{ main: { running: { startedAt } }, phase: 'Failed' }];
    cluster.log = () => away;
    const beganAtMs = performance.now();
    expect(await read()).toEqual([
      expect.stringMatching(/^GAP the output of main cannot be had: .*connection refused/),
    ]);
    expect(performance.now() - beganAtMs).toBeLessThan(50_000);
  });

  it('that has ended and is not there is given up soon', async () => {
    cluster.states = [{ main: ended }];
    cluster.log = () => unknown;
    expect(await read()).toEqual([expect.stringMatching(/^GAP the output of main cannot be had: .* is not available/)]);
  });

  describe('of whose container nobody knows what became', () => {
    const gap = 'GAP the cluster lost sight of main: the rest of its output cannot be had';
    const never = { waiting: { reason: 'ContainerCreating' } };
    const failed = { main: never, phase: 'Failed' };
    const running = { main: { running: { startedAt } }, phase: 'Running' };

    it.each([
      ['nothing where it never began', [failed], { skipLines: 0 }, []],
      ['a gap where the cluster says so', [{ main: lost, phase: 'Failed' }], { skipLines: 0 }, [gap]],
      ['a gap where the reader has lines', [failed], { skipLines: 2, after: at(2) }, [gap]],
      ['a gap where it was seen to run', [running, running, failed], { skipLines: 0 }, ['main 1', gap]],
    ])('has %s', async (_what, states, place, expected) => {
      cluster.states = states;
      cluster.log = (container) => logOf([1], container);
      expect(await read(place)).toEqual(expected);
    });
  });
});
