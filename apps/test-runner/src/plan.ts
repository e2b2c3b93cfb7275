import type { Ledger } from '@keelson/ledger';
import { planKey } from '@keelson/ledger';
import { planSchema } from '@keelson/pipeline';
import type { Plan } from '@keelson/pipeline';
import type { Published } from './deps';

/**
 * The plan that says how to test an image: the run's own; for an image that somebody else pushed, that of a run which built the same
 * digest. Undefined when we never built it.
 */
export async function planOf(ledger: Ledger, event: Published): Promise<Plan | undefined> {
  const { run, image } = event.data.customData;
  const own = await ledger.read(planKey(run, planSchema));
  if (own !== undefined) return own;
  for (const builder of await ledger.runsOfImage(image.digest)) {
    const plan = await ledger.read(planKey(builder, planSchema));
    if (plan !== undefined) return plan;
  }
  return undefined;
}
