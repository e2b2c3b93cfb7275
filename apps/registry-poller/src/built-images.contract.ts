import { newRunId } from '@keelson/events';
import { beginKey, changeKey, endKey, planKey, runName, stageEndedKey } from '@keelson/ledger';
import type { ChangeRecord } from '@keelson/ledger';
import { planSchema } from '@keelson/pipeline';
import type { OnBase } from '@keelson/pipeline';
import type { World } from './poller-fixture.contract';

export type Built = {
  source?: string;
  ref?: string;
  sequence?: number;
  onBase?: OnBase;
  /** In full, with the digest it was found at. */
  base: { reference: string; digest: string };
  /** When its change was seen. */
  seenAt?: string;
};

const time = '2026-01-02T03:00:00Z';
const commit = 'c'.repeat(40);

/** The records of a commit whose image was built on a base. Returns its change. */
export async function builtOn({ ledger }: World, built: Built): Promise<ChangeRecord> {
  const { source = '/repositories/widget', ref = 'refs/heads/main', sequence = 1, seenAt = time } = built;
  const run = newRunId();
  const { record: change } = await ledger.write(changeKey(source, ref, sequence), {
    ...{ run, name: runName(run), source, ref, sequence, commit, kind: 'created', previous: null, contained: [] },
    seenAt,
  });
  await buildAgain({ ledger }, change, built);
  return change;
}

/** The records of the build of a change that is there. */
export async function buildAgain(
  { ledger }: Pick<World, 'ledger'>,
  { run, name, source, ref, sequence }: ChangeRecord,
  { onBase, base }: Pick<Built, 'onBase' | 'base'>,
): Promise<void> {
  const of = { run, name, source, ref, sequence, commit };
  const digest = `sha256:${'d'.repeat(64)}`;
  const image = { base: base.reference, workdir: '/src', git: 'none' as const };
  const pipeline = { image, build: { strategy: 'append' as const }, test: 'none' as const };
  await ledger.write(planKey(run, planSchema), {
    ...{ ...of, commitTime: time, tree: commit, warnings: [], createdAt: time },
    pipeline: { ...pipeline, ...(onBase === undefined ? {} : { onBase }) },
    snapshot: { reference: 'a.b/c', digest, layer: { digest, diffId: digest, sizeBytes: 1, mediaType: 'x' } },
  });
  const begun = { from: 'source' as const, openedBy: 'bootstrapper', openedAt: time };
  await ledger.write(beginKey(run, 1), { ...of, attempt: 1, ...begun });
  await ledger.write(stageEndedKey({ run, attempt: 1, stage: 'build' }), {
    ...{ stage: 'build', outcome: 'success', startedAt: time, endedAt: time },
    build: { strategy: 'append', steps: [], bases: [base] },
  });
  const ended = { stage: 'build' as const, endedBy: 'image-builder', endedAt: time };
  await ledger.write(endKey(run, 1), { ...of, attempt: 1, outcome: 'success', ...ended });
}
