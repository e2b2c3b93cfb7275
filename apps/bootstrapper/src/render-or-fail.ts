import { maskedText } from '@keelson/pipeline';
import { TemplateError, TemplateFaultError, TemplateSandboxError } from '@keelson/template';
import type { TemplateRequest } from '@keelson/template';
import { knownSecrets } from './known-secrets';
import type { TemplateDeps } from './template-deps';
import { UnbuildableError } from './unbuildable-error';

/**
 * Renders a template of a commit. What is wrong with it is its author's: the limits are far from what a Job needs.
 * @throws UnbuildableError with file, line and column where Go knows them; TemplateSandboxError, which is ours
 */
export async function renderOrFail(
  { renderer, env }: Pick<TemplateDeps, 'renderer' | 'env'>,
  request: TemplateRequest,
  signal: AbortSignal,
): Promise<Buffer> {
  try {
    return await renderer.render(request, signal);
  } catch (error) {
    if (!(error instanceof TemplateError) || error instanceof TemplateSandboxError) throw error;
    // Go quotes values in its messages.
    throw new UnbuildableError('template', maskedText(told(error, request.name ?? ''), knownSecrets(env)));
  }
}

/** `file:line:column: what is wrong`, as editors and terminals link it. */
function told(error: TemplateError, file: string): string {
  if (!(error instanceof TemplateFaultError)) return `${file}: ${error.message}`;
  const { line, column } = error.place;
  const place = [file, line, column === undefined ? undefined : column + 1].filter((part) => part !== undefined);
  return `${place.join(':')}: ${error.message.replace(/^template: (?:.*?:\d+(?::\d+)?: )?/, '')}`;
}
