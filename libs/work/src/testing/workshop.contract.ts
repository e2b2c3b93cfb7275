import { composeEvent, eventTypes, newRunId } from '@keelson/events';
import type { Event, EventOf, RunData } from '@keelson/events';
import type { JobEnd } from '@keelson/jobs';
import { beginKey, changeKey, openKey, runFields, runName } from '@keelson/ledger';
import type { StageEnded } from '@keelson/ledger';
import type { Verdict, WorkKind } from '../work-kind';
import { WorkWorld } from './work-world.contract';
import type { WorldDeps } from './work-world.contract';

export type BuildQueued = EventOf<'dev.cdevents.build.queued.0.3.0'>;
type Asked = { sequence?: number; source?: string; priority?: number; artifacts?: readonly string[] };

export const [source, ref, time] = ['/repositories/widget', 'refs/heads/main', '2026-01-02T03:04:00Z'];
export const service = 'workshop';
const digest = `sha256:${'5'.repeat(64)}`;

/** A service whose jobs are scripts, in the place of the build stage. */
export class Workshop extends WorkWorld<BuildQueued> {
  readonly #asked = new Map<string, { script: string; artifacts: readonly string[] }>();
  endsRun = true;

  static async open(): Promise<Workshop> {
    const { root, ledger } = await WorkWorld.place();
    return new Workshop(root, ledger);
  }

  kind({ retryDelaysMs }: WorldDeps): WorkKind<BuildQueued> {
    return {
      ...{ service, stage: 'build', noun: 'script', endsRun: () => this.endsRun, retryDelaysMs: () => retryDelaysMs },
      jobSpec: async ({ event, name }) => {
        const { run, attempt } = event.data.customData;
        const { script, artifacts } = this.#asked.get(run)!;
        const env = { KEELSON_RUN: run, KEELSON_ATTEMPT: String(attempt) };
        return {
          ...{ name, image: `x@${digest}`, command: ['sh', '-c', script] },
          ...{ env, workdir: '/src', timeoutMs: 60_000, artifacts },
        };
      },
      verdict: ({ end }) => Promise.resolve(verdictOf(end)),
      started: (run, at) => started(run, at),
      ended: (run, record) => [finished(run, record)],
      again: (event, begin) => queuedEvent({ ...event.data.customData, attempt: begin.attempt }, begin.openedAt),
    };
  }

  /** A run whose script waits for its place. */
  async queued(script: string, { sequence = 1, priority, artifacts = [], ...more }: Asked = {}): Promise<RunData> {
    const of = more.source ?? source;
    const run: RunData = { run: newRunId(), attempt: 1, source: of, ref, sequence, commit: 'c'.repeat(40) };
    this.#asked.set(run.run, { script, artifacts });
    const name = runName(run.run);
    await this.ledger.write(changeKey(of, ref, sequence), {
      ...{ run: run.run, name, source: of, ref, sequence, commit: run.commit },
      ...{ kind: 'created', previous: null, contained: [], seenAt: time },
    });
    await this.ledger.write(beginKey(run.run, 1), {
      ...run,
      ...{ name, from: 'source', openedBy: 'bootstrapper', openedAt: time },
    });
    const open = { event: queuedEvent(run, time), openedAt: time, ...(priority === undefined ? {} : { priority }) };
    await this.ledger.write(openKey(service, { run: run.run, attempt: 1, stage: 'build' }), open);
    return run;
  }

  log = (run: Pick<RunData, 'run' | 'attempt'>): Promise<string> => this.logOf(run, 'build');
}

function verdictOf(end: JobEnd): Verdict {
  if (end.kind === 'exited')
    return end.code === 0
      ? { outcome: 'success', exitCode: 0 }
      : { outcome: 'failure', exitCode: end.code, reason: { code: 'exit-code', message: 'no' } };
  const code = end.kind === 'signalled' ? 'killed' : end.kind;
  return { outcome: 'error', reason: { code, message: `it ended as ${end.kind}` } };
}

const work = ({ run, attempt }: RunData) => ({ run, attempt, stage: 'build' as const });
const subjectId = ({ run, attempt }: RunData) => `${run}/${attempt}/build`;

const queuedEvent = (run: RunData, at: string): BuildQueued =>
  composeEvent({
    ...{ type: eventTypes.buildQueued, work: { ...work(run), stage: 'source' }, service, subjectId: subjectId(run) },
    ...{ content: {}, customData: { ...run, snapshot: { reference: `x@${digest}`, digest } }, time: at },
  });

const started = (run: RunData, at: string): Event =>
  composeEvent({
    ...{ type: eventTypes.buildStarted, work: work(run), service, subjectId: subjectId(run), content: {}, time: at },
    customData: { ...runFields(run), stage: 'build' },
  });

const finished = (run: RunData, { outcome, reason, endedAt }: StageEnded): Event =>
  composeEvent({
    ...{ type: eventTypes.buildFinished, work: work(run), service, subjectId: subjectId(run), content: {} },
    customData: { ...runFields(run), stage: 'build', outcome, ...(reason === undefined ? {} : { reason }) },
    time: endedAt,
  });
