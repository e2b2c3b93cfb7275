import type { AmqpBus } from '@keelson/bus';
import { busSettings, openBus, openStore, readSettings, storeSettings, variablesOf } from '@keelson/deployment';
import type { SettingName, Settings } from '@keelson/deployment';
import type { ObjectStore } from '@keelson/objects';
import type { OnServers, Variables } from './on-servers';

/** The bus on RabbitMQ. @throws ConfigError; what the broker says when it refuses us */
export const openServerBus = (
  servers: OnServers,
  { onError = () => undefined }: { onError?: (error: Error) => void } = {},
): Promise<AmqpBus> => openBus(serverSettings(busSettings, servers.variables), { name: 'keelson', onError });

/** The records on S3. @throws ConfigError; what the store says when it refuses us */
export const openServerStore = (servers: OnServers): Promise<ObjectStore> =>
  openStore(serverSettings(storeSettings, servers.variables));

/** A person's environment may hold other variables of ours. @throws ConfigError */
export function serverSettings<const Name extends SettingName>(
  names: readonly Name[],
  variables: Variables,
): Settings<Name> {
  const ours = names.flatMap(variablesOf).map((name) => [name, variables[name]] as const);
  return readSettings(names, Object.fromEntries(ours));
}
