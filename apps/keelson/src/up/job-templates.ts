import type { TemplateDeps } from '@keelson/app-bootstrapper';
import type { TemplateMeans } from '@keelson/pipeline';
import { dockerConfigText, podRegistries, templateVariables } from '@keelson/deployment';
import { TemplateRenderer } from '@keelson/template';
import { dockerDirectory, readEnvironment } from '../config';
import type { DataDirectory } from '../data-directory';
import { sealingKey } from '../sealing-key';
import { serverSettings } from '../server-access';

/** What is asked of Job templates, beside what the commits say. */
export type TemplateWishes = Pick<
  TemplateDeps,
  'env' | 'namespace' | 'keepNamespaces' | 'awsEcr' | 'ignoreWarnings' | 'isVerbose' | 'imposed'
> & {
  /** The image that brings the source into pods; undefined: that of KEELSON_POD_HELPER. */
  helper: string | undefined;
};

/** What the services need for Job templates. */
export type JobTemplates = {
  rendering: TemplateDeps;
  /** Undefined without an image that brings the source into pods: then no template is run. */
  making: TemplateMeans | undefined;
};

/** @throws SealError when the data directory's key is none */
export async function jobTemplates(
  data: DataDirectory,
  { helper, ...wishes }: TemplateWishes = pipelineWishes(),
): Promise<JobTemplates> {
  const environment = readEnvironment();
  const { registries, podHelper } = serverSettings(['registries', 'podHelper'], environment.variables);
  const dockerConfig = dockerConfigText({ dockerConfig: dockerDirectory(environment) });
  const key = await sealingKey(data);
  const helperImage = helper ?? podHelper;
  return {
    rendering: { renderer: new TemplateRenderer(), key, ...wishes },
    making:
      helperImage === undefined ? undefined : { key, helperImage, registries: podRegistries(registries), dockerConfig },
  };
}

/** A pipeline file is anybody's who may commit: its templates read only the variables that whoever runs Keelson names. */
function pipelineWishes(): TemplateWishes {
  const { variables } = readEnvironment();
  const env = templateVariables(serverSettings(['templateEnv'], variables), variables);
  return { env, keepNamespaces: false, helper: undefined };
}
