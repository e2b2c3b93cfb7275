export { account, endsAtBuild, fates } from './account';
export type { Account, Fate, Unexplained } from './account';
export { keepArtifact, readArtifact } from './artifacts';
export { baseMoved, baseMovedNote, basesService } from './base-moved';
export { isReason, movedBases, newestBases, recordBase } from './bases';
export type { NewestBases } from './bases';
export { changeMerged } from './change-merged';
export { ImagesInUse } from './images-in-use';
export type { ImageInUse, ImagesInUseOptions } from './images-in-use';
export { segment } from './key';
export type { RecordKey } from './key';
export {
  artifactPath,
  baseKey,
  beginKey,
  buildVerifiedKey,
  changeKey,
  changesPrefix,
  endKey,
  imageKey,
  imagesPrefix,
  inboxKey,
  logPrefix,
  manifestKey,
  openKey,
  planKey,
  refusedKey,
  stageEndedKey,
  stageStartedKey,
  watchKey,
  watchName,
} from './keys';
export { CorruptRecordError, Ledger } from './ledger';
export type { Standing } from './ledger';
export type {
  BaseRecord,
  BeginRecord,
  BuildReport,
  BuildStepValue,
  BuildVerified,
  ChangeRecord,
  EndRecord,
  ImageRecord,
  InboxRecord,
  MovedBase,
  OpenRecord,
  StageEnded,
  StageStarted,
  WatchRecord,
} from './records';
export { endParked } from './parked';
export type { ParkedBy } from './parked';
export { repositoryNames, runsThatPushed } from './pushed-image';
export type { SameRegistry } from './pushed-image';
export { endRun, runFinished } from './run-end';
export { runStarted } from './run-start';
export { concludeRun, endOf, endRunWith, runFields, settled, superseded } from './settle';
export type { Work } from './settle';
export { runName } from './run-name';
export { shownOutcome, viewRun } from './run-view';
export type { AttemptView, RunView, ShownOutcome, StageView } from './run-view';
export { Watches } from './watches';
