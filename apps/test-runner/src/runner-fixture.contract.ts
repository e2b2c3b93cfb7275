import { createHash } from 'node:crypto';
import { composeEvent, eventTypes, newRunId } from '@keelson/events';
import type { RunData } from '@keelson/events';
import { beginKey, changeKey, imageKey, planKey, runName } from '@keelson/ledger';
import { planSchema } from '@keelson/pipeline';
import type { Pipeline } from '@keelson/pipeline';
import type { Stage } from '@keelson/stage';
import { unaborted, WorkWorld } from '@keelson/work-testing';
import type { WorldDeps } from '@keelson/work-testing';
import type { WorkKind } from '@keelson/work';
import type { Published } from './deps';
import { queueTest } from './stage';
import { testKind } from './test-kind';

export const time = '2026-01-02T03:04:00Z';
export const [source, ref] = ['/repositories/widget', 'refs/heads/main'];
const repository = 'localhost:1/widget';

/** What a test of the user's is, where it says more than its script. */
export type Asked = { sequence?: number; test?: Partial<Exclude<Pipeline['test'], 'none'>> | 'none'; digest?: string };

/** The test runner's world: runs whose image can be pulled. */
export class World extends WorkWorld<Published> {
  static async open(): Promise<World> {
    const { root, ledger } = await WorkWorld.place();
    return new World(root, ledger);
  }

  kind = (deps: WorldDeps): WorkKind<Published> => testKind(deps);

  /** The stage of a new process. */
  get queue(): Stage<Published> {
    return queueTest(this.deps({ jobs: undefined as never }));
  }

  /** A run whose image can be pulled, with this script as its test: its change, its begin, its plan, and the event that tells of it. */
  async published(script: string, { sequence = 1, test = {}, digest }: Asked = {}): Promise<Published> {
    const image = { repository, digest: digest ?? sha256(`${script} ${sequence}`) };
    const run: RunData = { run: newRunId(), attempt: 1, source, ref, sequence, commit: 'c'.repeat(40) };
    const about = { run: run.run, name: runName(run.run), source, ref, sequence, commit: run.commit };
    await this.ledger.write(changeKey(source, ref, sequence), {
      ...about,
      ...{ kind: 'created', previous: null, contained: [], seenAt: time },
    });
    const begin = { name: about.name, from: 'source', openedBy: 'bootstrapper', openedAt: time } as const;
    await this.ledger.write(beginKey(run.run, 1), { ...run, ...begin });
    await this.ledger.write(imageKey(repository, image.digest, run.run), { run: run.run, attempt: 1, ...image });
    const layer = { digest: image.digest, diffId: image.digest, sizeBytes: 1, mediaType: 'x' };
    const usual = { command: ['sh', '-c', script], env: {}, artifacts: [], timeoutMs: 60_000 };
    await this.ledger.write(planKey(run.run, planSchema), {
      ...{ ...about, commitTime: time, tree: 'e'.repeat(40), warnings: [], createdAt: time },
      snapshot: { reference: `${repository}-source@${image.digest}`, digest: image.digest, layer },
      pipeline: {
        ...{ image: { base: 'scratch', workdir: '/src', git: 'none' }, build: { strategy: 'append' } },
        test: test === 'none' ? test : { ...usual, ...test },
      },
    });
    return composeEvent({
      ...{ type: eventTypes.artifactPublished, work: { run: run.run, attempt: 1, stage: 'publish' } },
      ...{ service: 'registry-poller', subjectId: `${repository}@${image.digest}`, content: {}, time },
      customData: { ...run, image },
    });
  }

  /** A run whose test waits for its place. */
  async queued(script: string, asked: Asked = {}): Promise<RunData> {
    const event = await this.published(script, asked);
    await this.queue(event, unaborted);
    return event.data.customData;
  }

  log = (run: Pick<RunData, 'run' | 'attempt'>): Promise<string> => this.logOf(run, 'test');
}

const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
