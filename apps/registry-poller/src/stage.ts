import { concludeRun, settled, stageEndedKey, stageStartedKey } from '@keelson/ledger';
import type { Work } from '@keelson/ledger';
import { parseImageReference, RegistryAuthError, RegistryUnavailableError } from '@keelson/registry';
import { againLater, emit } from '@keelson/stage';
import type { Outcome, Stage } from '@keelson/stage';
import { instant, service } from './deps';
import type { Packaged, RegistryPollerDeps } from './deps';
import { imagePublished } from './tell';

const stage = 'publish' as const;

/** `artifact.packaged` -> `artifact.published`, once the digest can be pulled; also when the tag did not move. */
export function seeImage(deps: RegistryPollerDeps): Stage<Packaged> {
  return async (event, signal) => {
    const run = event.data.customData;
    const done = await deps.ledger.read(stageEndedKey({ ...run, stage }));
    if (done?.outcome === 'success') return emit(imagePublished(run, run.image, done.endedAt));
    const now = instant(deps.clock());
    const work: Work = { run, stage, service, now };
    const nothingToDo = await settled(deps.ledger, work);
    if (nothingToDo !== undefined) return emit(...nothingToDo);
    const { startedAt } = (await deps.ledger.write(stageStartedKey({ ...run, stage }), { stage, startedAt: now }))
      .record;
    const missing = await why(deps, event, signal);
    if (missing !== undefined) return waitOrEnd(deps, { ...work, startedAt }, missing);
    const ended = { stage, outcome: 'success' as const, startedAt, endedAt: instant(deps.clock()) };
    const { record } = await deps.ledger.write(stageEndedKey({ ...run, stage }), ended);
    return emit(imagePublished(run, run.image, record.endedAt));
  };
}

/** Why the image cannot be pulled; undefined when it can. */
async function why(deps: RegistryPollerDeps, event: Packaged, signal: AbortSignal): Promise<string | undefined> {
  const { repository, digest } = event.data.customData.image;
  try {
    const seen = await deps.client.head(parseImageReference(`${repository}@${digest}`), signal);
    return seen === undefined ? `${repository}@${digest} is not in the registry` : undefined;
  } catch (error) {
    if (error instanceof RegistryUnavailableError || error instanceof RegistryAuthError) return error.message;
    throw error;
  }
}

async function waitOrEnd(
  deps: RegistryPollerDeps,
  work: Work & { startedAt: string },
  message: string,
): Promise<Outcome> {
  const elapsedMs = deps.clock() - Date.parse(work.startedAt);
  if (elapsedMs < deps.patienceMs) {
    if (elapsedMs > 0) deps.notice(work.run.run, `waiting: ${message}`);
    return againLater(elapsedMs, message);
  }
  const reason = { code: 'unavailable', message };
  const ended = { stage, outcome: 'error' as const, reason, startedAt: work.startedAt, endedAt: instant(deps.clock()) };
  return emit(...(await concludeRun(deps.ledger, work, ended)));
}
