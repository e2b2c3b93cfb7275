export { startRegistry } from './registry';
export type { Registry } from './registry';
export { openRegistryHandler } from './request-handler';
export type { RegistryHandler } from './request-handler';
export type { RegistryLimits, RegistryOptions, RegistryWarning } from './options';
