import type { EventType } from '../event';
import type { OutsideKind } from '../outside-kind';

/** Who publishes an event type, and what it says. */
export type AboutEvent = { by: string; says: string };

/** Of every type, in a sentence. */
export const aboutEvents: Record<EventType, AboutEvent> = {
  'dev.cdevents.change.merged.0.3.0': {
    by: 'watcher, or registry-poller when a base has moved',
    says: 'A ref has moved, or its commit is to be built again. It is recorded, and its run has an id.',
  },
  'dev.cdevents.branch.deleted.0.3.0': { by: 'watcher', says: 'A ref is gone. It starts nothing.' },
  'dev.cdevents.pipelinerun.started.0.3.0': { by: 'the first service of the run', says: 'An attempt has begun.' },
  'dev.cdevents.build.queued.0.3.0': { by: 'bootstrapper', says: 'The source is frozen in the registry.' },
  'dev.cdevents.build.started.0.3.0': { by: 'image-builder', says: 'The image is being built.' },
  'dev.cdevents.build.finished.0.3.0': { by: 'image-builder', says: 'The build has ended, well or not.' },
  'dev.cdevents.artifact.packaged.0.3.0': { by: 'image-builder', says: 'The image is pushed.' },
  'dev.cdevents.artifact.published.0.3.0': { by: 'registry-poller', says: 'The image can be pulled, by digest.' },
  'dev.cdevents.testsuiterun.queued.0.3.0': { by: 'test-runner', says: 'The test waits for its place.' },
  'dev.cdevents.testsuiterun.started.0.3.0': { by: 'test-runner', says: 'The test runs.' },
  'dev.cdevents.testsuiterun.finished.0.3.0': { by: 'test-runner', says: 'The test has ended, and its log is sealed.' },
  'dev.cdevents.pipelinerun.finished.0.3.0': {
    by: 'the service that ended it',
    says: 'An attempt has ended, with its outcome and the reason.',
  },
  'dev.cdeventsx.keelson-base.moved.0.1.0': {
    by: 'registry-poller',
    says: 'The tag of a base in use points at another digest. The `chainId` is the base, no run: what is built again for it is told as a change.',
  },
  'dev.cdeventsx.keelson-run.retried.0.1.0': { by: '`keelson retry`, watcher', says: 'Another attempt is asked for.' },
  'dev.cdeventsx.keelson-run.cancelled.0.1.0': { by: '`keelson cancel`, watcher', says: 'A run is asked to end.' },
  'dev.cdeventsx.keelson-run.requested.0.1.0': {
    by: '`keelson run`',
    says: 'A run of a working copy as it stands is asked for.',
  },
  'dev.cdeventsx.keelson-source.watched.0.1.0': {
    by: '`keelson watch`, watcher',
    says: 'A repository is to be watched, from now on and after restarts.',
  },
  'dev.cdeventsx.keelson-source.unwatched.0.1.0': {
    by: '`keelson unwatch`, watcher',
    says: 'A repository is not to be watched any more.',
  },
};

const look = 'The watched repositories that it may mean are looked at now. What has moved, the repository says.';
const test = 'A run that begins at the image, tested as its pipeline says. Nothing, if the image is one of ours.';
const refused = 'Refused: results are told by our own services only.';

/** What follows when an outsider tells of it. */
export const whatFollows: Record<OutsideKind, string> = {
  ...{ 'change.merged': look, 'branch.created': look, 'branch.deleted': look },
  ...{ 'artifact.packaged': test, 'artifact.published': test },
  ...{ 'build.queued': refused, 'build.started': refused, 'build.finished': refused },
  ...{ 'testsuiterun.queued': refused, 'testsuiterun.started': refused, 'testsuiterun.finished': refused },
  ...{ 'pipelinerun.queued': refused, 'pipelinerun.started': refused, 'pipelinerun.finished': refused },
  'keelson-run.retried': 'Another attempt of the run that `customData.run` names, if its last one has ended.',
  'keelson-run.cancelled': 'The run that `customData.run` names is asked to end.',
  'keelson-source.watched':
    'The repository that `customData.source` names is watched, its refs by `customData.pattern`.',
  'keelson-source.unwatched': 'It is not watched any more, unless a process was started with it.',
};
