import { z } from 'zod';
import { buildSection } from './build-section';
import type { Path } from './fault';
import { imageSection } from './image-section';
import { testPlan, testPlanOf, testSection } from './test-section';

const noTest = z.literal('none').meta({ description: 'The image is not tested: its runs end when it can be pulled.' });

const before = { image: imageSection.prefault({}), build: buildSection.prefault({}) };
/** What follows when a base image moves; see docs/adr/0020. */
export const onBasePolicy = z.enum(['rebuild', 'report', 'ignore']);
export type OnBase = z.infer<typeof onBasePolicy>;

const after = {
  onBase: onBasePolicy.optional().meta({
    description:
      'When the tag of a base image moves: rebuild the newest commit on it, report that it is behind, or ignore it. Default: report.',
  }),
  release: z.unknown().optional().meta({ description: 'Reserved: where a tested image goes.' }),
};

/** `.keelson.yaml` as people write it. */
const written = z.strictObject({ ...before, test: z.union([noTest, testSection]), ...after });

/** A pipeline with every default filled in, as plans hold it. */
export const pipelineSchema = z.strictObject({ ...before, test: z.union([noTest, testPlan]), ...after });
export type Pipeline = z.infer<typeof pipelineSchema>;

/** What follows in this pipeline when a base moves. */
export const onBaseOf = ({ onBase = 'report' }: Pick<Pipeline, 'onBase'>): OnBase => onBase;

/** `.keelson.yaml` as people write it, to the pipeline it means. */
export const pipelineFileSchema = written.transform(({ test, ...rest }): Pipeline => ({
  ...rest,
  test: test === 'none' ? test : testPlanOf(test),
}));

const keysOf: ReadonlyMap<string, readonly string[]> = new Map([
  ['', Object.keys(written.shape)],
  ['image', Object.keys(imageSection.shape)],
  ['build', Object.keys(buildSection.shape)],
  ['test', Object.keys(testSection.shape)],
]);

/** The known keys below a path of the file; empty where there are none, or any. */
export const knownKeys = (path: Path): readonly string[] => keysOf.get(path.join('.')) ?? [];

/** The sections that know a key, by name; the file's own level is the empty name. */
export const sectionsWith = (key: string): readonly string[] =>
  [...keysOf].filter(([, keys]) => keys.includes(key)).map(([section]) => section);

const textMaps: ReadonlySet<string> = new Set(['test.env', 'build.args', 'build.labels']);

/** Whether numbers and booleans at this path are text, to be taken as they are written. */
export const isTextPath = (path: Path): boolean => textMaps.has(path.slice(0, -1).join('.'));
