import { describeFaults } from '../fault';
import type { Plan } from '../plan';
import { otherNamespace } from './job-namespace';
import type { ManifestObject } from './manifest-object';
import type { ManifestRecord } from './manifest-record';
import { pinImage } from './pin-image';
import { readManifest } from './read-manifest';
import { SealError } from './sealed-text';
import type { SealingKey } from './sealed-text';
import { sourceFiller } from './source-filler';
import type { FillerSettings } from './source-filler';
import { withSource } from './source-volume';

/** What a service needs to make the Job of a template. */
export type TemplateJobSettings = FillerSettings & {
  /** Opens what bootstrapper sealed. */
  key: SealingKey;
};

/** The same, as it is set up once. */
export type TemplateMeans = Omit<TemplateJobSettings, 'dockerConfig'> & {
  /** Reads Docker's config.json anew for each Job: a Secret that is mounted changes with it. Absent: no registry wants to know who asks. */
  dockerConfig?: (() => Promise<string | undefined>) | undefined;
};

export type TemplateJob = { objects: readonly ManifestObject[]; namespace?: ManifestRecord['namespace'] };

/** What the sealed text of a stage belongs to. */
export const sealedAbout = (run: string, stage: string): string => `${run} ${stage}`;

export type TemplateWork = {
  /** Of the run whose source was frozen. */
  plan: Plan;
  stage: string;
  /** The work that the Job is for: of that run, or of one that tests its image again. */
  work: { run: string; attempt: number };
  /** What runs in the place of the image that the template names. */
  image?: string;
};

/** The objects of a template's Job, with the source in its pod. The same work gives the same objects. @throws SealError */
export function templateJob(record: ManifestRecord, of: TemplateWork, settings: TemplateJobSettings): TemplateJob {
  const namespace = namespaceFor(record, of);
  const opened = settings.key.open(record.sealed, sealedAbout(of.plan.run, of.stage));
  const read = readManifest(inOther(opened, record, namespace));
  if (!read.ok) throw new SealError(`it is none any more: ${describeFaults(read.faults, record.file)}`);
  const owner = `${of.work.run}.${of.work.attempt}.${of.stage}`;
  const { container, volumes, objects: needed } = sourceFiller({ plan: of.plan, owner }, settings);
  const { objects: seeing } = withSource(read.manifest.objects, container, volumes);
  const pinned =
    of.image === undefined || record.image === undefined
      ? seeing
      : pinImage(seeing, { from: record.image, to: of.image });
  if (namespace === undefined) return { objects: [...needed, ...pinned] };
  const placed = needed.map((object) => ({ ...object, metadata: { ...object.metadata, namespace: namespace.name } }));
  return { objects: [...placed, ...pinned], namespace };
}

function namespaceFor({ namespace }: ManifestRecord, { plan, work }: TemplateWork): ManifestRecord['namespace'] {
  if (namespace?.create !== true || (work.run === plan.run && work.attempt === 1)) return namespace;
  return { ...namespace, name: otherNamespace(namespace.name, work) };
}

/** The name that bootstrapper made up is nobody else's: wherever it stands, it means the namespace. */
function inOther(text: string, { namespace: before }: ManifestRecord, after: ManifestRecord['namespace']): string {
  return before === undefined || after === undefined ? text : text.replaceAll(before.name, after.name);
}
