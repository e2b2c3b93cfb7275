import path from 'node:path';
import { expectInOrder, show } from './support/evidence';
import { Keelson, expectEnd, newData, upOnce } from './support/keelson';
import { MarkedRepository } from './support/marks';

/** Every event of a run, and a line of its output, as `up --json` tells them. */
const events = [
  'change.merged',
  'pipelinerun.started',
  'build.queued',
  'build.started',
  'build.finished',
  'artifact.packaged',
  'artifact.published',
  'testsuiterun.queued',
  'testsuiterun.started',
  'testsuiterun.finished',
  'pipelinerun.finished',
].map((type) => `event dev.cdevents.${type}`);

/** Every record of a run and its log, in the order of their writing, as files of the data directory; the event that tells of it comes later. */
const files = [
  'changes.*/000000000001.json$',
  '/1.*/begin.json$',
  '/plan.json$',
  '/source.*/ended.json$',
  '/build.*/started.json$',
  '/objects/images.*',
  '/open.*/image-builder',
  '/build.*/ended.json$',
  '/publish.*/started.json$',
  '/publish.*/ended.json$',
  '/open.*/test-runner',
  '/jobs/[^/.]+\\.1\\.test$',
  '/jobs/.*/given.json$',
  '/test.*/started.json$',
  '/logs.*/000000$',
  '/logs.*/manifest.json$',
  '/test.*/ended.json$',
  '/1.*/end.json$',
].map((file) => `file ${file}`);

describe('kill -9 at the moment of', () => {
  it.each([...events, 'event dev.cdeventsx.keelson-log.line', ...files])('%s', async (moment) => {
    const data = newData();
    const repository = new MarkedRepository();
    const commit = repository.commit();
    const up = new Keelson(['up', repository.path, '--json', '--data', data, '--port', '0'], {
      nodeArgs: ['--require', path.join(__dirname, 'support/die-at.cjs')],
      env: { KEELSON_E2E_DIE_AT: moment },
    });
    expect(await up.ended).toMatchObject({ signal: 'SIGKILL', stderr: expect.stringMatching(/^keelson up/) });

    expectEnd(await upOnce(data, [repository.path]), { status: 0, stderr: '' });
    const run = await show(data);
    // The test has a supervisor of its own: a crash of ours alone costs no attempt.
    expect(run).toMatchObject({ commit, outcome: 'success', attempt: 1 });
    repository.expectRanAsRecorded(run);
    await expectInOrder(data, { built: 1 });
  });
});
