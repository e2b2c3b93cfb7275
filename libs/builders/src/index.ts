export { isUsersFault } from './failure-class';
export type { BuildFailure, BuildProgress, BuildStep, FailureClass, ProgressReader, StepCache } from './build-progress';
export type { BuildRequest, BuildSecret } from './build-request';
export { BuilderNotAllowedError } from './builder';
export type { Builder } from './builder';
export { builderSettings, strategyName } from './builder-settings';
export type { BuilderSettings, StrategyName } from './builder-settings';
export { builders } from './builders';
