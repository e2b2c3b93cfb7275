import { dataDirectory } from '../data-directory';
import { readEnvironment } from '../config';
import { ecrHost, EcrUnavailableError } from '../old-tools/ecr-host';
import { ToolFailure, toStatus } from '../old-tools/tool-io';
import type { ToolIo } from '../old-tools/tool-io';
import { onServers } from '../on-servers';
import { LineOutput } from '../report/output';
import type { TemplateWishes } from '../up/job-templates';
import { jobTemplateOptions } from './options';
import type { JobTemplateOptions } from './options';

/** `keelson watch --job-template FILE URL^BRANCH...`: git-watch's command line, on the pipeline. @returns the exit status */
export function watchJobTemplate(io: ToolIo): Promise<number> {
  return toStatus(io, async () => {
    const options = await jobTemplateOptions(io);
    const environment = readEnvironment();
    if (options.helper === undefined && environment.variables.KEELSON_POD_HELPER === undefined) {
      throw new ToolFailure(2, 'name the image that brings the source into pods, with --helper or KEELSON_POD_HELPER');
    }
    const servers = onServers({}, environment.variables);
    const context = {
      data: dataDirectory(options.data ?? environment.data, io.cwd, servers),
      output: new LineOutput(process.stdout),
      problems: new LineOutput(process.stderr),
      isJson: false,
      isColoured: !environment.noColor && process.stdout.isTTY,
    };
    const { up } = await import('../up/up.js');
    return up(context, options.sources, {
      ...{ from: 'head', image: [], kube: true, registry: options.registry, once: options.once },
      ...{ templates: wishesOf(io, options), ...(options.token === undefined ? {} : { token: options.token }) },
    });
  });
}

/** The person who calls hands all of the environment to the template, as with git-watch. */
function wishesOf(io: ToolIo, options: JobTemplateOptions): TemplateWishes {
  const { file, text, token, namespace, helper } = options;
  return {
    env: { ...io.env, ...(token === undefined ? {} : { GITHUB_TOKEN: token }) },
    ...{ namespace, helper, keepNamespaces: options.keepNamespaces, ignoreWarnings: options.isQuiet },
    isVerbose: options.isVerbose,
    awsEcr: () => amazon(io, options),
    imposed: { file, ...(text === undefined ? {} : { text }) },
  };
}

async function amazon(
  { env, now }: ToolIo,
  { ignoreAws }: JobTemplateOptions,
): Promise<{ host: string } | { warning: string } | undefined> {
  try {
    return { host: await ecrHost(env, now()) };
  } catch (error) {
    if (!(error instanceof EcrUnavailableError)) throw error;
    return ignoreAws || !error.isConfigured ? undefined : { warning: `.duat.awsecr is not set: ${error.message}` };
  }
}
