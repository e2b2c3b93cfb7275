import { readVersion } from '@keelson/version';
import type { TemplateData } from '@keelson/template';
import { access } from 'node:fs/promises';
import { userInfo } from 'node:os';
import path from 'node:path';
import { ecrHost, EcrUnavailableError } from './ecr-host';
import { ToolFailure } from './tool-io';
import type { ToolIo } from './tool-io';
import { readWorkingCopy } from './working-copy';

export type DuatVariables = {
  /** `.duat` of a template, but for the URL. */
  data: TemplateData;
  /** `.duat.gitURL` */
  gitUrl: string;
  /** What is missing, for people. */
  warnings: readonly string[];
};

/**
 * The variables `.duat.*`: of the working copy that the tool is called in, and of the version file at its top.
 * @param module the component's directory, or `.`
 * @param versionFiles names separated by commas; the first that is there counts
 */
export async function duatVariables(
  io: ToolIo,
  { module, versionFiles }: { module: string; versionFiles: string },
): Promise<DuatVariables> {
  const copy = await readWorkingCopy(io.cwd);
  if (copy.hash === undefined) throw new ToolFailure(-1, `${copy.dir} has no commit yet: commit something first`);
  const version = await readVersion(await firstOf(versionFiles.split(','), copy.dir), { cwd: copy.dir });
  const user = userInfo();
  const data = {
    version: String(version),
    module: imageName(path.basename(path.resolve(io.cwd, module))),
    gitTag: copy.tag,
    gitHash: copy.hash,
    gitBranch: copy.branch ?? 'HEAD',
    gitDir: copy.dir,
    userID: String(user.uid),
    userName: user.username,
    userGroupID: String(user.gid),
  };
  try {
    return { data: { ...data, awsecr: await ecrHost(io.env, io.now()) }, gitUrl: copy.url, warnings: [] };
  } catch (error) {
    if (!(error instanceof EcrUnavailableError)) throw error;
    return { data, gitUrl: copy.url, warnings: [`.duat.awsecr is not set: ${error.message}`] };
  }
}

async function firstOf(files: readonly string[], directory: string): Promise<string> {
  for (const file of files) {
    const isThere = await access(path.resolve(directory, file)).then(
      () => file !== '',
      () => false, // the next one then
    );
    if (isThere) return file;
  }
  return files.at(-1) ?? '';
}

/** What may stand in an image's name. */
function imageName(text: string): string {
  return text.replaceAll(/[^0-9A-Za-z._-]/gu, '-').toLowerCase();
}
