export { BusInUseError } from './bus-in-use-error';
export { BusUnavailableError } from './bus';
export type {
  AuditEntry,
  Bus,
  Delivery,
  Handler,
  InboxHandler,
  OutsideMessage,
  Parked,
  ParkReason,
  QueueState,
  Subscription,
} from './bus';
export { LmdbBus } from './lmdb-bus';
export type { LmdbBusOptions } from './lmdb-options';
export { outsideMessageJson, parseOutsideMessage } from './outside-message';
export { processIdentity } from './process-identity';
