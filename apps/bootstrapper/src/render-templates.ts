import type { RunData } from '@keelson/events';
import type { GitSession } from '@keelson/git';
import { manifestKey, refusedKey } from '@keelson/ledger';
import {
  describeFaults,
  imageName,
  imageTags,
  JobShapeError,
  jobNamespace,
  manifestRecord,
  maskedManifest,
  readManifest,
  refusedRecord,
  refusedText,
  sealedAbout,
  withSource,
} from '@keelson/pipeline';
import type { Manifest, ManifestRecord, Pipeline, SealingKey } from '@keelson/pipeline';
import type { BootstrapperDeps } from './deps';
import { knownSecrets } from './known-secrets';
import { renderOrFail } from './render-or-fail';
import { renderTag } from './render-tags';
import type { TemplateDeps } from './template-deps';
import type { OpenSource } from './source-access';
import { readTemplate } from './template-file';
import { runVariables, stageId } from './template-variables';
import type { RunVariables } from './template-variables';
import { UnbuildableError } from './unbuildable-error';

/** A commit whose pipeline is read and whose source is in the registry. */
export type Frozen = {
  run: RunData;
  session: GitSession;
  tag: OpenSource['tag'];
  pipeline: Pipeline;
  snapshot: { reference: string };
  signal: AbortSignal;
};

type TemplateStage = 'build' | 'test';
type Rendering = Pick<BootstrapperDeps, 'ledger'> & {
  templates: TemplateDeps;
  key: SealingKey;
  frozen: Frozen;
  variables: RunVariables;
  image: string;
};

/**
 * Renders the pipeline's Job templates and keeps what they are rendered to. Nobody renders them again: what is random in them is decided here.
 * @returns what people should know @throws UnbuildableError for every fault of theirs, and what git and the store throw
 */
export async function renderTemplates(deps: BootstrapperDeps, frozen: Frozen): Promise<readonly string[]> {
  const { pipeline, run } = frozen;
  const files = templatesOf(pipeline);
  if (files.length === 0) return [];
  const { templates } = deps;
  const key = templates?.key;
  if (templates === undefined || key === undefined)
    throw new UnbuildableError(
      'pipeline-file',
      'no Job template is rendered here: whoever runs Keelson sets a sealing key',
    );
  const variables = await runVariables(templates, deps.registry, frozen);
  const image = await imageOf(deps.registry.prefix, { templates, frozen, variables });
  const warnings = [...variables.warnings];
  for (const [stage, file] of files) {
    const rendering = { ledger: deps.ledger, templates, key, frozen, variables, image };
    const { record, said } = await renderStage(rendering, stage, file);
    await deps.ledger.write(manifestKey(run.run, stage, manifestRecord), record);
    if (templates.isVerbose === true || templates.keepNamespaces) deps.notice(run.run, spoken(record));
    warnings.push(...said.map((warning) => `${file}: ${warning}`));
  }
  return templates.ignoreWarnings === true ? [] : warnings;
}

/** `ci.yaml is rendered; namespace gw-1-2-3-0123abcd; image registry:5000/widget:main-1-0123456789ab` */
const spoken = ({ file, namespace, image }: ManifestRecord): string =>
  [
    `${file} is rendered`,
    ...(namespace ? [`namespace ${namespace.name}${namespace.create && namespace.keep ? ', which stays' : ''}`] : []),
    ...(image ? [`image ${image}`] : []),
  ].join('; ');

function templatesOf({ build, test }: Pipeline): readonly (readonly [TemplateStage, string])[] {
  return [
    ...(build.strategy === 'template' && build.template !== undefined ? [['build', build.template] as const] : []),
    ...(test !== 'none' && test.template !== undefined ? [['test', test.template] as const] : []),
  ];
}

/** The image by tag: the template's own, where the pipeline says how it is called. */
async function imageOf(
  prefix: string,
  { templates, frozen, variables }: Pick<Rendering, 'templates' | 'frozen' | 'variables'>,
): Promise<string> {
  const { pipeline, run, signal } = frozen;
  const repository = `${prefix}/${imageName(pipeline, run.source)}`;
  if (pipeline.image.tag === undefined) return `${repository}:${imageTags(run).immutable}`;
  const template = { template: pipeline.image.tag, name: 'image.tag', variables };
  return `${repository}:${await renderTag(templates, template, signal)}`;
}

async function renderStage(
  { ledger, templates, key, frozen, variables, image }: Rendering,
  stage: TemplateStage,
  file: string,
): Promise<{ record: ManifestRecord; said: readonly string[] }> {
  const { run, pipeline, snapshot, signal } = frozen;
  const namespace = templates.namespace ?? jobNamespace(variables.version, { run: run.run, stage });
  const own = { ID: stageId(run.run, stage), Namespace: namespace, Snapshot: snapshot.reference, Image: image };
  const request = {
    ...{ template: await readTemplate(templates, frozen, file), name: file, env: templates.env },
    ...{ data: { ...variables.data, ...own }, urls: variables.urls },
  };
  const rendered = (await renderOrFail(templates, request, signal)).toString();
  const secrets = knownSecrets(templates.env);
  const keep = async () => {
    const text = refusedText(rendered, secrets);
    if (text !== undefined) await ledger.write(refusedKey({ ...run, stage }, refusedRecord), { file, text });
  };
  const { manifest, said } = await checkedOr(keep, rendered, file);
  // An imposed template's Job always had its namespace from who imposed it, also where it names none.
  const named = manifest.namespace ?? (templates.imposed === undefined ? undefined : namespace);
  const isExpected = stage === 'test' || pipeline.image.name !== undefined;
  const record: ManifestRecord = {
    ...{
      file,
      text: maskedManifest(rendered, secrets),
      sealed: key.seal(rendered, sealedAbout(run.run, stage)),
    },
    ...(named === undefined ? {} : { namespace: settled(templates, named, namespace) }),
    ...(isExpected ? { image } : {}),
  };
  return { record, said };
}

/** A namespace that nobody asked for by name is made, and goes when it is not needed. */
const settled = (templates: TemplateDeps, name: string, given: string) => {
  const isOwn = name === given && templates.namespace === undefined;
  return { name, create: isOwn, keep: !isOwn || templates.keepNamespaces };
};

/** Of a text that is refused, what people may see is kept first. */
async function checkedOr(
  keep: () => Promise<void>,
  rendered: string,
  file: string,
): Promise<ReturnType<typeof checked>> {
  try {
    return checked(rendered, file);
  } catch (error) {
    await keep();
    throw error;
  }
}

function checked(rendered: string, file: string): { manifest: Manifest; said: readonly string[] } {
  const read = readManifest(rendered);
  if (!read.ok) throw new UnbuildableError('manifest', describeFaults(read.faults, `${file} (rendered)`));
  try {
    // Only for what it says: who creates the Job puts in the real container.
    const { warnings } = withSource(read.manifest.objects, { name: 'source' });
    return { manifest: read.manifest, said: warnings };
  } catch (error) {
    if (!(error instanceof JobShapeError)) throw error;
    throw new UnbuildableError('manifest', `${file} (rendered): ${error.message}`);
  }
}
