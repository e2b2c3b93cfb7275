export { vhostOf, withoutPassword, withPassword } from './amqp-url';
export { dockerConfigText } from './docker-config-text';
export { openJobs } from './open-jobs';
export { apiUrl, brokerCa, openBus, openStore } from './open-servers';
export type { BusSettings, StoreSettings } from './open-servers';
export { readSettings, variablesOf } from './read-settings';
export type { Settings } from './read-settings';
export { registryAccess, sameRegistries } from './registry-access';
export { runService } from './run-service';
export type { Given, ProcessConfig } from './run-service';
export {
  baseSettings,
  busSettings,
  jobSettings,
  processSettings,
  registrySettings,
  settings,
  storeSettings,
} from './settings';
export type { Setting, SettingName } from './settings';
export { podAddress, podRegistries, templateKey, templateMeans, templateVariables } from './template-means';
