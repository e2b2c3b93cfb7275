import { createHash } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { errorCode, messageOf } from './error-code';
import type { OnServers } from './on-servers';
import { UsageError } from './usage-error';

/** Where everything of one `keelson up` lives. */
export type DataDirectory = {
  root: string;
  objects: string;
  bus: string;
  jobs: string;
  git: string;
  /** Files of private copies that can be used again. */
  spare: string;
  /** The services' own log. */
  logFile: string;
  /** The ports the registry ever had, so that the image names in records stay good. */
  portsFile: string;
  /** What is on servers instead; undefined: nothing. */
  servers?: OnServers | undefined;
};

/** The places inside a data directory. @param chosen the --data option or KEELSON_DATA, else `./.keelson` of `cwd` */
export function dataDirectory(chosen: string | undefined, cwd: string, servers?: OnServers): DataDirectory {
  const root = path.resolve(cwd, chosen ?? '.keelson');
  return {
    root,
    objects: path.join(root, 'objects'),
    bus: path.join(root, 'bus'),
    jobs: path.join(root, 'jobs'),
    git: path.join(root, 'git'),
    spare: path.join(root, 'spare'),
    logFile: path.join(root, 'keelson.log'),
    portsFile: path.join(root, 'ports'),
    servers,
  };
}

/** Makes the directory, private to its owner and ignored by git. @throws UsageError, also where other files would get mixed with ours */
export async function prepareDataDirectory(data: DataDirectory): Promise<void> {
  const present = await namesIn(data.root);
  if (present.length > 0 && !present.includes(marker)) {
    throw new UsageError(
      `${data.root} holds other files and is no data directory; name an empty or a new one with --data`,
    );
  }
  try {
    for (const directory of [data.root, data.objects]) await mkdir(directory, { recursive: true, mode: 0o700 });
    for (const directory of [data.bus, data.jobs, data.git]) await mkdir(directory, { recursive: true });
    if (!present.includes('.gitignore')) await writeFile(path.join(data.root, '.gitignore'), '*\n');
  } catch (cause) {
    throw unusable(data, cause);
  }
}

/** @throws UsageError when there is no data directory: a question must not make one */
export async function requireDataDirectory(data: DataDirectory): Promise<void> {
  if (data.servers?.objects === true) return; // nothing of it is asked for
  if ((await namesIn(data.root)).includes(marker)) return;
  throw new UsageError(
    `there is no data directory ${data.root}: \`keelson up\` makes one, --data or KEELSON_DATA names another, --s3 one on a server`,
  );
}

/** What a data directory is known by. */
const marker = 'objects';

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return [];
    throw unusable({ root: directory }, cause);
  }
}

const unusable = ({ root }: Pick<DataDirectory, 'root'>, cause: unknown): UsageError =>
  new UsageError(
    `the data directory ${root} cannot be used (${errorCode(cause) ?? messageOf(cause)}); name another with --data`,
    { cause },
  );

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
