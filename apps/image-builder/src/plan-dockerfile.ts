import { builders, strategyName } from '@keelson/builders';
import type { Builder } from '@keelson/builders';
import { HostileLayerError, layerFiles, TarError } from '@keelson/git';
import type { Plan } from '@keelson/pipeline';
import { parseImageReference } from '@keelson/registry';
import type { JobDeps } from './build-kind';

/** Who builds it. */
export const builderOf = ({ pipeline }: Plan): Builder => builders[strategyName.parse(pipeline.build.strategy)];

/** The text of the plan's Dockerfile, from the snapshot; undefined where there is none. */
export async function dockerfileOf({ client }: JobDeps, plan: Plan, signal: AbortSignal): Promise<string | undefined> {
  const { dockerfile = 'Dockerfile' } = plan.pipeline.build;
  const { layer, reference } = plan.snapshot;
  const blob = client.blob(parseImageReference(reference), layer, signal);
  try {
    const { texts } = await layerFiles(blob, { prefix: plan.pipeline.image.workdir, texts: [dockerfile], signal });
    return texts.get(dockerfile);
  } catch (error) {
    if (error instanceof TarError || error instanceof HostileLayerError) return undefined; // whoever unpacks it says so
    throw error;
  }
}
