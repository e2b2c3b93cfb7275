export { BusUnavailableError } from './bus';
export type { AuditEntry, Bus, Delivery, Handler, Parked, ParkReason, QueueState, Subscription } from './bus';
