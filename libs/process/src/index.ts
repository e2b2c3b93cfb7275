export { isAlive, processIdentity, processStat, recordOf, startTicksOf } from './process-identity';
export type { ProcessRecord } from './process-identity';
