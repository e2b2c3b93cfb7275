import { createHash } from 'node:crypto';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { UsageError } from './usage-error';

/** Where everything of one `keelson up` lives. */
export type DataDirectory = {
  root: string;
  objects: string;
  bus: string;
  jobs: string;
  git: string;
  /** The ports the registry ever had, so that the image names in records stay good. */
  portsFile: string;
};

/** The places inside a data directory. @param chosen the --data option or KEELSON_DATA, else `./.keelson` of `cwd` */
export function dataDirectory(chosen: string | undefined, cwd: string): DataDirectory {
  const root = path.resolve(cwd, chosen ?? '.keelson');
  return {
    root,
    objects: path.join(root, 'objects'),
    bus: path.join(root, 'bus'),
    jobs: path.join(root, 'jobs'),
    git: path.join(root, 'git'),
    portsFile: path.join(root, 'ports'),
  };
}

/** Makes the directory, private to its owner and ignored by git. @throws UsageError */
export async function prepareDataDirectory(data: DataDirectory): Promise<void> {
  try {
    await mkdir(data.root, { recursive: true, mode: 0o700 });
    await writeFile(path.join(data.root, '.gitignore'), '*\n');
    for (const directory of [data.bus, data.jobs, data.git]) await mkdir(directory, { recursive: true });
  } catch (cause) {
    throw new UsageError(
      `the data directory ${data.root} cannot be used (${reason(cause)}); name another with --data`,
      { cause },
    );
  }
}

/** @throws UsageError when there is no data directory: a question must not make one */
export async function requireDataDirectory(data: DataDirectory): Promise<void> {
  const found = await stat(data.root).catch(() => undefined); // not there, or not for us: the sentence is the same
  if (found?.isDirectory() === true) return;
  throw new UsageError(
    `there is no data directory ${data.root}: \`keelson up\` makes one, --data or KEELSON_DATA names another`,
  );
}

const reason = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);

/** Longest path of a Unix socket that every system accepts. */
const maxSocketPath = 100;

/** The socket of the `up` that owns this data directory; in a private temporary directory when the path would be too long. */
export async function socketPath({ root }: DataDirectory): Promise<string> {
  const inside = path.join(root, 'keelson.sock');
  if (Buffer.byteLength(inside) <= maxSocketPath) return inside;
  const directory = path.join(tmpdir(), `keelson-${userInfo().uid}`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return path.join(directory, `${createHash('sha256').update(root).digest('hex').slice(0, 32)}.sock`);
}
