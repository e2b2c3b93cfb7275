import { readBlob } from '@keelson/git';
import type { Frozen } from './render-templates';
import type { TemplateDeps } from './template-deps';
import { UnbuildableError } from './unbuildable-error';

/** What is larger is refused unread: a template is written by people. */
const maxTemplateBytes = 1_048_576;

/** The template as the commit has it; of one that is imposed, else as it was handed over. @throws UnbuildableError */
export async function readTemplate(
  { imposed }: TemplateDeps,
  { run, session, signal }: Pick<Frozen, 'run' | 'session' | 'signal'>,
  file: string,
): Promise<Uint8Array> {
  const read = await readBlob(session, { commit: run.commit, path: file }, { maxBytes: maxTemplateBytes, signal });
  const found = read ?? (imposed?.file === file ? imposed.text : undefined);
  if (found === undefined) throw new UnbuildableError('template', `the commit has no file ${file}`);
  if (found !== 'too-large' && found.byteLength <= maxTemplateBytes) return found;
  throw new UnbuildableError('template', `${file} is larger than the ${maxTemplateBytes / 1_048_576} MiB it may have`);
}
