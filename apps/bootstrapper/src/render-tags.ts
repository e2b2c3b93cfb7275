import type { Pipeline } from '@keelson/pipeline';
import { maskedText } from '@keelson/pipeline';
import type { BootstrapperDeps } from './deps';
import { knownSecrets } from './known-secrets';
import { renderOrFail } from './render-or-fail';
import type { Frozen } from './render-templates';
import type { TemplateDeps } from './template-deps';
import { runVariables } from './template-variables';
import type { RunVariables } from './template-variables';
import { UnbuildableError } from './unbuildable-error';

const tagForm = /^\w[\w.-]{0,127}$/;

type TagTemplate = { template: string; /** Its key in the pipeline file. */ name: string };

/** A tag of the pipeline file, rendered. @throws UnbuildableError when it is none, or would tell a secret */
export async function renderTag(
  templates: TemplateDeps,
  { template, name, variables }: TagTemplate & { variables: RunVariables },
  signal: AbortSignal,
): Promise<string> {
  const request = { ...variables, template, name, env: templates.env };
  const tag = (await renderOrFail(templates, request, signal)).toString().trim();
  const shown = maskedText(tag, knownSecrets(templates.env));
  if (shown !== tag) throw new UnbuildableError('template', `${name} is rendered to a secret, which no tag may tell`);
  if (tagForm.test(tag)) return tag;
  const hint = 'letters, digits, _ . and -, at most 128, not . or - in front';
  throw new UnbuildableError(
    'template',
    `${name} is rendered to ${JSON.stringify(shown.slice(0, 200))}, which is no tag (${hint})`,
  );
}

/**
 * The pipeline with the tags of its further names rendered, as its plan keeps them.
 * @throws UnbuildableError, and what git throws
 */
export async function withTags(deps: BootstrapperDeps, frozen: Omit<Frozen, 'snapshot'>): Promise<Pipeline> {
  const { pipeline, signal } = frozen;
  const { push } = pipeline.build;
  if (push?.some(isTemplate) !== true) return pipeline;
  const { templates } = deps;
  if (templates === undefined)
    throw new UnbuildableError('pipeline-file', 'build.push holds a template, and none is rendered here');
  const variables = await runVariables(templates, deps.registry, frozen);
  const rendered: string[] = [];
  for (const [at, name] of push.entries()) {
    if (!isTemplate(name)) rendered.push(name);
    else rendered.push(await renderName({ templates, variables, signal }, name, `build.push[${at}]`));
  }
  return { ...pipeline, build: { ...pipeline.build, push: rendered } };
}

const isTemplate = (name: string): boolean => name.includes('{{');

type Rendering = { templates: TemplateDeps; variables: RunVariables; signal: AbortSignal };

/** Only what stands behind the repository is rendered: where an image goes is not for a template to say. */
async function renderName({ templates, variables, signal }: Rendering, name: string, key: string): Promise<string> {
  const [, repository = '', template = ''] = /^(.*?\/[^:]*):(.*)$/.exec(name) ?? [];
  return `${repository}:${await renderTag(templates, { template, name: key, variables }, signal)}`;
}
