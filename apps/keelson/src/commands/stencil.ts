import {
  TemplateError,
  TemplateExecutionError,
  TemplateRaisedError,
  TemplateRenderer,
  TemplateSyntaxError,
} from '@keelson/template';
import type { TemplateRequest } from '@keelson/template';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { duatVariables } from '../old-tools/duat-variables';
import type { DuatVariables } from '../old-tools/duat-variables';
import { flagHelp, parseFlags } from '../old-tools/go-flags';
import { named, orFail, ToolFailure, toStatus } from '../old-tools/tool-io';
import type { ToolIo } from '../old-tools/tool-io';

const flags = {
  f: { kind: 'string', default: 'README.md,README.adoc', help: 'files; the first that is there holds the version' },
  v: { kind: 'bool', default: 'false', help: 'say more' },
  module: { kind: 'string', default: '.', help: 'the directory of the component, which names it' },
  input: { kind: 'string', default: '', help: 'the template (default: standard input)' },
  output: { kind: 'string', default: '', help: 'where the result goes (default: standard output)' },
  values: { kind: 'string', default: '', help: 'variables for the template: a=1,b=2' },
  'supress-warnings': { kind: 'bool', default: 'false', help: 'say nothing of what is missing' },
  'error-warnings': { kind: 'bool', default: 'false', help: 'end with a failure when something is missing' },
} as const;

const usage = `usage: keelson stencil [options]

Renders a template: Go's text/template with the functions of sprig, and RaiseError, toJson, toYaml, toToml.
Variables: .duat.version, .duat.module, .duat.gitTag, .duat.gitHash, .duat.gitBranch, .duat.gitURL, .duat.gitDir,
.duat.userID, .duat.userName, .duat.userGroupID, .duat.awsecr, the environment as .Env, and those of -values.

Options, each also taken from the environment variable of its name in capitals, _ for -:

${flagHelp(flags)}`;

/** Long enough for whatever a person waits for: they can end it themselves. */
const timeMs = 600_000;

type Options = Record<keyof typeof flags, string>;

/** Renders a template with what is known of the working copy. @returns the exit status */
export function stencil(io: ToolIo): Promise<number> {
  return toStatus(io, async () => {
    const { values: options } = parseFlags(flags, { args: io.args, env: io.env, usage });
    const directory = path.resolve(io.cwd, options.module);
    await orFail(-1, 'could not change to the project directory: ', named('chdir', options.module, stat(directory)));
    const wanted = { module: options.module, versionFiles: options.f };
    const duat = await orFail(-1, '', duatVariables(io, wanted));
    // Names of files are relative to the component's directory.
    const template = await orFail(-2, '', () => source(io, directory, options.input));
    const values = valuesIn(options.values);
    const output = await render(io, { template, ...variables(io, duat, values) });
    if (options.output === '') io.stdout(output);
    else
      await orFail(-2, '', named('open', options.output, writeFile(path.resolve(directory, options.output), output)));
    return warn(io, options, duat.warnings);
  });
}

async function source(io: ToolIo, directory: string, file: string): Promise<Buffer> {
  return file === '' ? io.stdin() : named('open', file, readFile(path.resolve(directory, file)));
}

function valuesIn(text: string): Record<string, string> {
  const pairs = text === '' ? [] : text.split(',');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, key, value] = /^([^=]*)=(.*)$/s.exec(pair) ?? [];
      if (key !== undefined && value !== undefined) return [key, value.replace(/^(["'])(.*)\1$/s, '$2')];
      throw new ToolFailure(-3, 'the key value pairs in your -values option must be seperated with an equals (=)');
    }),
  );
}

function variables(io: ToolIo, duat: DuatVariables, values: Record<string, string>): Omit<TemplateRequest, 'template'> {
  return {
    data: { Env: io.env, duat: duat.data, ...values },
    // A value of that name takes the place of all of it.
    urls: Object.hasOwn(values, 'duat') ? {} : { 'duat.gitURL': duat.gitUrl },
    env: io.env,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    now: io.now(),
  };
}

async function render(io: ToolIo, request: TemplateRequest): Promise<Buffer> {
  const renderer = new TemplateRenderer({ timeMs });
  try {
    return await renderer.render(request);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    io.stdout(error.output); // what came before the error, as a pipe would have seen it
    throw new ToolFailure(-2, told(error), error);
  } finally {
    await renderer.close();
  }
}

/** As scripts know it, spelling included. */
function told(error: TemplateError): string {
  if (error instanceof TemplateSyntaxError) return `pasing failed for template file(s): ${error.message}`;
  if (error instanceof TemplateExecutionError) return `output file could not be created: ${error.message}`;
  return error instanceof TemplateRaisedError ? error.raised.slice(0, 1).join() : error.message;
}

function warn(io: ToolIo, options: Options, warnings: readonly string[]): number {
  const isShown = options['supress-warnings'] !== 'true' && (io.isTerminal || options.v === 'true');
  if (isShown) for (const warning of warnings) io.stderr(`stencil: warning: ${warning}\n`);
  return options['error-warnings'] === 'true' && warnings.length > 0 ? 255 : 0;
}
