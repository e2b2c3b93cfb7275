import { createHash } from 'node:crypto';
import { userInfo } from 'node:os';
import type { RunData } from '@keelson/events';
import { readBlob } from '@keelson/git';
import type { GitSession } from '@keelson/git';
import { runName } from '@keelson/ledger';
import { imageName, sourceDir } from '@keelson/pipeline';
import type { TemplateData } from '@keelson/template';
import { markupOf, versionIn, VersionNotFoundError } from '@keelson/version';
import type { TargetRegistry } from './deps';
import type { OpenSource } from './source-access';
import type { TemplateDeps } from './template-deps';

const versionFiles = ['README.md', 'README.adoc'];
const maxReadmeBytes = 4_194_304;

/** What every template of a run sees, whatever its stage. */
export type RunVariables = {
  data: TemplateData;
  urls: Readonly<Record<string, string>>;
  /** Empty where the commit carries none. */
  version: string;
  warnings: readonly string[];
};

type Asked = { run: RunData; session: GitSession; tag: OpenSource['tag']; signal: AbortSignal };

/** @throws InvalidVersionError and VersionsDifferError, the author's; what git throws */
export async function runVariables(deps: TemplateDeps, registry: TargetRegistry, asked: Asked): Promise<RunVariables> {
  const { run } = asked;
  const version = await versionOf(asked);
  const aws = await deps.awsEcr?.();
  const awsEcr = aws !== undefined && 'host' in aws ? { awsecr: aws.host } : {};
  const duat = { ...duatOf(run, await tagOf(asked)), ...(version === '' ? {} : { version }), ...awsEcr };
  const data = {
    ...{ Dir: sourceDir, Commit: run.commit, URL: run.source, Run: run.run },
    ...registryAddress(deps.env, registry.podAddress ?? registry.prefix),
    ...{ Env: deps.env, duat },
  };
  const warnings = aws !== undefined && 'warning' in aws ? [aws.warning] : [];
  return { data, urls: { 'duat.gitURL': asUrl(run.source) }, version, warnings };
}

/** `.duat` of the commit: a pod has no working copy. */
function duatOf({ source, ref, commit }: RunData, tag: string): Record<string, string> {
  const [, branch = 'HEAD'] = /^refs\/heads\/(.*)$/.exec(ref) ?? [];
  const git = { gitTag: tag, gitHash: commit, gitBranch: branch, gitDir: sourceDir };
  return { module: imageName({ image: unnamed }, source), ...git, ...user() };
}

/** The tag that is watched, else the one on the commit. */
async function tagOf({ run, tag, signal }: Asked): Promise<string> {
  const [, watched] = /^refs\/tags\/(?:.*\/)?([^/]*)$/.exec(run.ref) ?? [];
  return watched ?? tag(signal);
}

/** `user@host:path`, which git understands and a URL parser does not, as the ssh URL it stands for. */
function asUrl(source: string): string {
  const [, host, path = ''] = /^((?:[^@/:]+@)?[^@/:]+):(?!\/\/)(.*)$/.exec(source) ?? [];
  return host === undefined ? source : `ssh://${host}/${path.replace(/^\//, '')}`;
}

/** A name that no other stage of any run has: letters, digits and hyphens, one part of it for people. */
export function stageId(run: string, stage: string): string {
  const hash = createHash('sha256').update(`${run} ${stage}`).digest('hex').slice(0, 8);
  return `${runName(run)}-${hash}`;
}

const unnamed = { base: 'scratch', workdir: '/', git: 'none' as const };

async function versionOf({ run, session, signal }: Asked): Promise<string> {
  for (const path of versionFiles) {
    const readme = await readBlob(session, { commit: run.commit, path }, { maxBytes: maxReadmeBytes, signal });
    if (readme === undefined || readme === 'too-large') continue;
    try {
      return String(versionIn(readme.toString('latin1'), markupOf(path)));
    } catch (error) {
      if (!(error instanceof VersionNotFoundError)) throw error;
    }
  }
  return '';
}

/** As the environment says; else the registry that images go to, where it has an address and a port. */
function registryAddress(env: Readonly<Record<string, string>>, prefix: string): Record<string, string> {
  const [, ip, port] = /^(\[[^\]]*\]|[^:/]+):(\d+)(?:\/|$)/.exec(prefix) ?? [];
  const address = { RegistryIP: env['RegistryIP'] ?? ip, RegistryPort: env['RegistryPort'] ?? port };
  return Object.fromEntries(
    Object.entries(address).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function user(): { userID: string; userName: string; userGroupID: string } {
  try {
    const { uid, gid, username } = userInfo();
    return { userID: String(uid), userName: username, userGroupID: String(gid) };
  } catch {
    // A container's user need not be in its passwd file.
    const ids = { userID: String(process.getuid?.() ?? 0), userGroupID: String(process.getgid?.() ?? 0) };
    return { ...ids, userName: ids.userID };
  }
}
