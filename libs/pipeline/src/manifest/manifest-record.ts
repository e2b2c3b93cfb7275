import { z } from 'zod';
import { sealedText } from './sealed-text';

/** What a stage's template was rendered to, when the source was frozen. */
export const manifestRecord = z.object({
  /** The template, by its path in the source. */
  file: z.string().min(1),
  /** For people: secrets are masked. */
  text: z.string(),
  /** The text itself. */
  sealed: sealedText,
  /** The namespace that the objects name; absent: the one where all Jobs run. */
  namespace: z.object({ name: z.string().min(1), create: z.boolean(), keep: z.boolean() }).optional(),
  /** What `.Image` was, with the tag that a build pushes; absent: none is expected. */
  image: z.string().optional(),
});
export type ManifestRecord = z.infer<typeof manifestRecord>;

/** What a stage's template was rendered to, and refused: for people only. */
export const refusedRecord = z.object({
  file: z.string().min(1),
  /** Secrets are masked; cut where it is long. */
  text: z.string(),
});
export type RefusedRecord = z.infer<typeof refusedRecord>;
