import type { Source } from '@keelson/git';
import { parseRepository } from '@keelson/registry';
import type { OnServers } from '../on-servers';
import { UsageError } from '../usage-error';
import type { UpOptions } from './up';

type Wanted = Pick<UpOptions, 'registry' | 'kube' | 'service'>;

/** @throws UsageError for a mix of servers and this machine that could not work */
export function checkServers(servers: OnServers | undefined, wanted: Wanted, sources: readonly Source[]): void {
  if (wanted.registry !== undefined) checkRegistry(wanted.registry);
  if (wanted.kube === true && wanted.registry === undefined)
    throw new UsageError('a cluster cannot pull from the embedded registry: name one that it can with --registry');
  if (wanted.service !== undefined) checkAlone(servers, { ...wanted, service: wanted.service }, sources);
}

function checkRegistry(prefix: string): void {
  try {
    parseRepository(`${prefix}/x`);
  } catch (cause) {
    throw new UsageError(
      `--registry ${prefix} is no place for images: name a registry, and a path in it, as in registry.example/team`,
      { cause },
    );
  }
}

/** One service shares everything with the others, which are other processes. */
function checkAlone(
  servers: OnServers | undefined,
  { service, registry }: Wanted & { service: string },
  sources: readonly Source[],
): void {
  if (servers?.bus !== true || !servers.objects)
    throw new UsageError(
      `--service ${service} alone finds nothing to do: name the servers it shares with the others by --amqp and --s3`,
    );
  if (registry === undefined)
    throw new UsageError('other processes cannot use the embedded registry: name one for all of them with --registry');
  const local = sources.find(({ location }) => location.kind === 'local');
  if (service === 'watcher' && local !== undefined)
    throw new UsageError(
      `${local.name} is a directory of this machine, which the other services cannot read: name its URL`,
    );
}
