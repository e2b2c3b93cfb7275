export { BusInUseError } from './bus-in-use-error';
export { BusUnavailableError } from './bus';
export type { AuditEntry, Bus, Delivery, Handler, Parked, ParkReason, QueueState, Subscription } from './bus';
export { LmdbBus } from './lmdb-bus';
export type { LmdbBusOptions } from './lmdb-bus';
export { processIdentity } from './process-identity';
