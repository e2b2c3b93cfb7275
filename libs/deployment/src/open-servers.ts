import { readFileSync } from 'node:fs';
import { AmqpBus } from '@keelson/bus';
import { S3ObjectStore } from '@keelson/objects';
import { takers } from './takers';
import { withPassword } from './amqp-url';
import type { Settings } from './read-settings';
import type { busSettings, storeSettings } from './settings';

export type BusSettings = Settings<(typeof busSettings)[number]>;
export type StoreSettings = Settings<(typeof storeSettings)[number]>;

export type BusUse = {
  /** What the broker shows for our connections. */
  name: string;
  /** Told of faults that nobody else is told; of a refusal too, after which the bus is of no use. */
  onError?: (error: Error) => void;
};

/** Opens the bus on RabbitMQ. @throws BusRefusedError with the broker's words */
export function openBus(settings: BusSettings, { name, onError }: BusUse): Promise<AmqpBus> {
  const { amqp, amqpPassword, amqpApi } = settings;
  const ca = brokerCa(settings);
  return AmqpBus.open({
    url: withPassword(amqp, amqpPassword),
    connectionName: name,
    takers,
    ...(amqpApi === undefined ? {} : { apiUrl: apiUrl(settings) }),
    ...(ca === undefined ? {} : { tls: { ca } }),
    ...(onError === undefined ? {} : { onError }),
  });
}

/** Whom to trust at the broker, in PEM; undefined: the usual authorities. */
export const brokerCa = ({ amqpCaFile }: BusSettings): string | undefined =>
  amqpCaFile === undefined ? undefined : readFileSync(amqpCaFile, 'utf8');

/** The management API takes the broker's user too, unless its address names another. */
export function apiUrl({ amqp, amqpPassword, amqpApi }: BusSettings): string {
  const url = new URL(amqpApi ?? '');
  if (url.username !== '') return url.href;
  const broker = new URL(withPassword(amqp, amqpPassword));
  url.username = broker.username;
  url.password = broker.password;
  return url.href;
}

/** Opens the store. @throws ObjectStoreError with what the store said */
export function openStore(settings: StoreSettings): Promise<S3ObjectStore> {
  const { s3, s3AccessKey, s3SecretKey, s3Region, s3CaFile, s3Create } = settings;
  return S3ObjectStore.open({
    ...{ endpoint: s3.endpoint, bucket: s3.bucket, prefix: s3.prefix, createBucket: s3Create },
    ...{ accessKey: s3AccessKey.reveal(), secretKey: s3SecretKey.reveal() },
    ...(s3Region === undefined ? {} : { region: s3Region }),
    ...(s3CaFile === undefined ? {} : { caFile: s3CaFile }),
  });
}
