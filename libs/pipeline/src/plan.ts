import { commitId, digest, runData } from '@keelson/events';
import { z } from 'zod';
import { pipelineSchema } from './pipeline';

/** Everything that the stages of a run need to know, frozen when its source was: they never ask git, and never a newer file. */
export const planSchema = runData.omit({ attempt: true }).extend({
  /** The run's name, for people. */
  name: z.string().min(1),
  /** The commit's own claim, as git tells it: ISO 8601, but the year may be any. */
  commitTime: z.string().min(1),
  /** First line of the commit message. */
  subject: z.string().optional(),
  pipeline: pipelineSchema,
  /** The source in the registry, and the layer that holds it below `image.workdir`. */
  snapshot: z.object({
    reference: z.string().min(1),
    digest,
    layer: z.object({ digest, diffId: digest, sizeBytes: z.int().min(0), mediaType: z.string().min(1) }),
  }),
  /** The id of the commit's tree. */
  tree: commitId,
  /** For people: what in the source is not what it seems. */
  warnings: z.array(z.string()).readonly(),
  createdAt: z.iso.datetime({ offset: true }),
});
export type Plan = z.infer<typeof planSchema>;
