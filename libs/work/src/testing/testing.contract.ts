export { supervisorPath } from './compile-supervisor.contract';
export { until, WorkProcess } from './work-process.contract';
export { unaborted, WorkWorld } from './work-world.contract';
export type { WorldDeps } from './work-world.contract';
