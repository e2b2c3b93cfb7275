export { withoutPassword, withPassword } from './amqp-url';
export { readSettings, variablesOf } from './read-settings';
export type { Settings } from './read-settings';
export { registryAccess } from './registry-access';
export { processSettings, registrySettings, settings } from './settings';
export type { Setting, SettingName } from './settings';
