import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { flagHelp, parseFlags } from '../old-tools/go-flags';
import { named, orFail, ToolFailure } from '../old-tools/tool-io';
import type { ToolIo } from '../old-tools/tool-io';

const flags = {
  'job-template': {
    kind: 'string',
    default: '',
    help: 'the Job template: of the commit, else the file of this name here',
  },
  v: { kind: 'bool', default: 'false', help: 'say more: what the services log' },
  debug: { kind: 'bool', default: 'false', help: 'leave the namespaces, to look at what is in them' },
  namespace: { kind: 'string', default: '', help: 'where Jobs run (default: a namespace for each run)' },
  'github-token': {
    kind: 'string',
    default: '',
    help: 'for repositories over https; better by GITHUB_TOKEN or a file',
  },
  'github-token-file': { kind: 'string', default: '', help: 'a file that holds it' },
  'ignore-warn': { kind: 'bool', default: 'false', help: 'say nothing of what is only odd' },
  'ignore-aws-errors': {
    kind: 'bool',
    default: 'false',
    help: "go on without Amazon's registry where AWS cannot be asked",
  },
  'persistent-state-dir': { kind: 'string', default: '', help: 'the data directory (default: ./.keelson)' },
  registry: { kind: 'string', default: '', help: 'where images go (default: $RegistryIP:$RegistryPort)' },
  helper: { kind: 'string', default: '', help: 'the image that brings the source into pods, by tag or digest' },
  once: { kind: 'bool', default: 'false', help: 'end when the present heads have their verdict' },
} as const;

const usage = `usage: keelson watch --job-template FILE [options] URL^BRANCH...

Runs a Kubernetes Job template for every commit of these branches, on the cluster that KUBECONFIG names. A URL may be a path, and
may be given with several branches.

Options, with one dash or two, each also taken from the environment variable of its name in capitals, _ for -:

${flagHelp(flags)}`;

export type JobTemplateOptions = {
  /** The template by its path in the source. */
  file: string;
  /** What stands in the file of that name here, where there is one. */
  text: Uint8Array | undefined;
  sources: readonly string[];
  isVerbose: boolean;
  keepNamespaces: boolean;
  namespace: string | undefined;
  token: string | undefined;
  isQuiet: boolean;
  ignoreAws: boolean;
  data: string | undefined;
  registry: string;
  helper: string | undefined;
  once: boolean;
};

/** Whether the command line is that of git-watch, which has a template. @param args behind `watch` */
export const hasJobTemplate = (args: readonly string[]): boolean =>
  args.some((argument) => /^--?job-template(?:=|$)/.test(argument));

/** @throws ToolFailure with what is wrong and the usage */
export async function jobTemplateOptions(
  io: Pick<ToolIo, 'args' | 'env' | 'cwd' | 'stderr'>,
): Promise<JobTemplateOptions> {
  const { values, rest } = parseFlags(flags, { args: io.args, env: io.env, usage });
  if (rest.length === 0) throw new ToolFailure(2, `name what to watch, as URL^BRANCH\n${usage}`);
  const { file, text } = await template(io.cwd, values['job-template']);
  if (hasToken(io.args))
    io.stderr('keelson: who lists processes can see --github-token: GITHUB_TOKEN or --github-token-file hide it\n');
  return {
    ...{ file, text, sources: rest, isVerbose: values.v === 'true', keepNamespaces: values.debug === 'true' },
    ...{ namespace: namespaceOf(values.namespace), token: await tokenOf(io.cwd, values) },
    ...{ isQuiet: values['ignore-warn'] === 'true', ignoreAws: values['ignore-aws-errors'] === 'true' },
    ...{ data: given(values['persistent-state-dir']), registry: registryOf(values.registry, io.env) },
    ...{ helper: given(values.helper), once: values.once === 'true' },
  };
}

const given = (text: string): string | undefined => (text === '' ? undefined : text);
const hasToken = (args: readonly string[]): boolean =>
  args.some((argument) => /^--?github-token(?:=|$)/.test(argument));

/** A template of the commit goes before one that lies here: its name in the source is its path from here. */
async function template(cwd: string, name: string): Promise<{ file: string; text: Uint8Array | undefined }> {
  if (name === '') throw new ToolFailure(2, `--job-template needs the name of a file\n${usage}`);
  const relative = path.relative(cwd, path.resolve(cwd, name));
  const isInside = relative !== '' && relative.split(path.sep)[0] !== '..';
  const text = await readFile(path.resolve(cwd, name)).catch(() => undefined); // then every commit must have it
  if (isInside) return { file: relative, text };
  if (text === undefined) throw new ToolFailure(2, `open ${name}: no such file\n${usage}`);
  return { file: path.basename(name), text };
}

function namespaceOf(text: string): string | undefined {
  if (text === '' || /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text)) return given(text);
  const why = text.length > 63 ? `has ${text.length} characters; it may have 63` : 'may hold a-z, 0-9 and hyphens';
  throw new ToolFailure(2, `the namespace ${JSON.stringify(text.slice(0, 100))} ${why}`);
}

async function tokenOf(
  cwd: string,
  values: Record<'github-token' | 'github-token-file', string>,
): Promise<string | undefined> {
  const file = values['github-token-file'];
  if (file === '') return given(values['github-token']);
  const text = await orFail(2, '', named('open', file, readFile(path.resolve(cwd, file), 'utf8')));
  return given(text.trim());
}

function registryOf(text: string, env: Readonly<Record<string, string>>): string {
  if (text !== '') return text;
  const { RegistryIP: ip, RegistryPort: port } = env;
  if (ip !== undefined && port !== undefined) return `${ip}:${port}`;
  throw new ToolFailure(
    2,
    'where do images go? Name a registry that the cluster reaches with --registry, or by RegistryIP and RegistryPort',
  );
}
