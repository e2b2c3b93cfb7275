export { AmqpBus } from './amqp-bus';
export type { AmqpBusOptions } from './amqp/amqp-options';
export { applyTopology, outsiderPermissions, topologyPolicies } from './amqp/policies';
export type { Policy } from './amqp/policies';
export { BusInUseError } from './bus-in-use-error';
export { BusRefusedError } from './bus-refused-error';
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
export { EventTooLargeError } from './event-too-large-error';
export { LmdbBus } from './lmdb-bus';
export type { LmdbBusOptions } from './lmdb-options';
export { outsideMessageJson, parseOutsideMessage } from './outside-message';
