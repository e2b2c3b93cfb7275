import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { describeOn } from './servers';
import type { Servers } from './servers';
import { suiteWhere, suiteUnless } from './suite';
import type { Suite } from './suite';

/** The servers that a suite may start for itself; see the `startPrivate...` functions. And what the testbed's images are made of. */
export type Program = 'minio' | 'rabbitmq' | 'rabbitmq4' | 'registry' | 'buildkitd' | 'buildctl' | 'kaniko' | 'makisu';

/** Where `npm run testbed` keeps what it builds; TESTBED_HOME says otherwise. */
const testbedHome = (): string => process.env['TESTBED_HOME'] ?? path.join(homedir(), '.cache/keelson-testbed');

const find: Record<Program, () => string | undefined> = {
  minio: () => built('minio'),
  rabbitmq: () => firstThatRuns(rabbitmqServers()),
  rabbitmq4: () => firstThatRuns([path.join(testbedHome(), 'rabbitmq4/sbin/rabbitmq-server')]),
  registry: () => firstThatRuns(onPath('docker-registry')),
  buildkitd: () => built('buildkitd'),
  buildctl: () => built('buildctl'),
  kaniko: () => firstThatRuns([inHome('kaniko')]),
  makisu: () => firstThatRuns([inHome('makisu')]),
};

const inHome = (name: string): string => path.join(testbedHome(), 'bin', name);
const built = (name: string): string | undefined => firstThatRuns([inHome(name), ...onPath(name)]);

/** Whether a program is installed. */
export const hasProgram = (program: Program): boolean => find[program]() !== undefined;

/** The path of a server's program. @throws Error when it is not installed */
export function programPath(program: Program): string {
  const found = find[program]();
  if (found === undefined) throw new Error(`${program} is not installed: \`npm run testbed -- up\` installs it`);
  return found;
}

/** `describe` where these servers are installed, so that the suite can start its own; see `suiteUnless`. */
export function describeWith(programs: readonly Program[]): Suite {
  const missing = programs.filter((program) => find[program]() === undefined);
  return suiteUnless(
    missing.length === 0
      ? undefined
      : `${missing.join(', ')} not installed: \`npm run testbed -- up\` installs the servers`,
  );
}

/**
 * `describe` on servers where the testbed has an image of this builder. Not every machine can have the module that it is built of:
 * there the suite is skipped and says so, in CI too.
 */
export function describeBuilder(builder: 'kaniko' | 'makisu', needs: readonly (keyof Servers)[]): Suite {
  if (hasProgram(builder)) return describeOn(needs);
  return suiteWhere(
    `${builder} is not built: \`npm run testbed -- images ${builder}\` builds it, or says why it cannot`,
  );
}

/** `describe` where the testbed has a RabbitMQ 4. Not every machine can have another Debian's packages: see `describeBuilder`. */
export function describeRabbitmq4(name: string, suite: () => void): void {
  const why = 'there is no RabbitMQ 4: `npm run testbed -- rabbitmq4` installs it, or says why it cannot';
  suiteWhere(hasProgram('rabbitmq4') ? undefined : why)(name, suite);
}

/** Debian's own wrapper in /usr/sbin changes to another user and its fixed directories; the server's script takes them from the environment. */
function rabbitmqServers(): string[] {
  const lib = '/usr/lib/rabbitmq/lib';
  if (!existsSync(lib)) return [];
  return readdirSync(lib).map((version) => path.join(lib, version, 'sbin/rabbitmq-server'));
}

const onPath = (name: string): string[] =>
  (process.env['PATH'] ?? '').split(':').map((directory) => path.join(directory, name));

function firstThatRuns(files: readonly string[]): string | undefined {
  return files.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
