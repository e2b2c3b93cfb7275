import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expectInOrder, runs, show } from './support/evidence';
import { Keelson, expectEnd, keelson, keelsonJson, newData, newDirectory, until } from './support/keelson';
import { TestRepository } from './support/repository';

function greenRepository(): TestRepository {
  const repository = new TestRepository();
  repository.pipeline('exit 0');
  repository.commit();
  return repository;
}

function file(event: object): string {
  const name = path.join(newDirectory('event'), 'event.json');
  writeFileSync(name, JSON.stringify(event));
  return name;
}

/** A bare CDEvent as a tool of somebody else's sends it. */
const sent = (type: string, subject: object, rest: { id?: string; chainId?: string; customData?: object } = {}) => {
  const { customData, ...context } = rest;
  return {
    context: { ...{ id: 'e-1', source: 'https://ci.example', type, timestamp: '2026-11-24T10:00:00Z' }, ...context },
    subject: { content: {}, ...subject },
    customData,
  };
};
const finished = (run: string) =>
  sent(
    'dev.cdevents.testsuiterun.finished.0.3.0',
    { id: `${run}/1`, content: { outcome: 'success' } },
    { chainId: run },
  );

const publish = async (data: string, ...events: readonly object[]): Promise<void> => {
  const { status, stderr } = await keelson(['events', 'publish', ...events.map(file), '--data', data]);
  if (status !== 0) throw new Error(stderr);
};

describe('sources added while running', () => {
  it('are watched from then on, and after a restart that names none', async () => {
    const [first, other, data] = [greenRepository(), greenRepository(), newData()];
    const up = Keelson.up(data, [first.path]);
    await up.prints('GREEN');
    expect(await keelson(['watch', `${other.path}^main`, '--data', data])).toMatchObject({
      ...{ status: 0, stderr: '', stdout: `asked for ${other.path}^main to be watched\n` },
    });
    await up.prints(`${other.path}^main`);
    await until(async () => (await runs(data)).filter(({ outcome }) => outcome === 'success').length === 2, {
      what: () => 'the run of the other repository',
    });
    await up.stop();

    const second = new Keelson(['up', '--data', data, '--port', '0'], { cwd: newDirectory('elsewhere') });
    await second.prints('keelson up · 0 sources');
    const commit = other.commit('more');
    await until(async () => (await runs(data)).at(-1)?.commit === commit, { what: () => 'the run of its next commit' });
    const known = await keelsonJson<object>(['sources', '--data', data]);
    expect(known).toContainEqual(expect.objectContaining({ source: other.path, pattern: 'main', state: 'watched' }));
    expect(known).toContainEqual(expect.objectContaining({ source: first.path, state: 'seen' }));
    expectEnd(await keelson(['unwatch', `${other.path}^main`, '--data', data]), { status: 0 });
    await second.prints('not watched any more');
    await second.stop();
  });
});

describe('what comes from outside', () => {
  it('cannot make a run green, begins one run for one image, and is parked where it makes no sense', async () => {
    const repository = new TestRepository();
    repository.pipeline('exit 1');
    repository.commit();
    const data = newData();
    const up = Keelson.up(data, [repository.path]);
    await up.prints('RED');
    const { run } = await show(data);
    const image = `pkg:oci/widget@sha256%3A${'5'.repeat(64)}?repository_url=127.0.0.1:1/widget`;
    const pushed = sent('dev.cdevents.artifact.published.0.2.0', { id: image });
    await publish(data, finished(run), { nonsense: true }, ...Array.from({ length: 20 }, () => pushed));
    await publish(data, sent('dev.cdevents.incident.detected.0.3.0', { id: 'x' }));
    type Parked = { id: string; reason: { error: string } };
    const parked = () => keelsonJson<Parked>(['parked', 'list', '--data', data]);
    await until(async () => (await parked()).length === 3 && (await runs(data)).length === 2, {
      what: () => `three parked messages and a second run\n${up.stdout}\n${up.stderr}`,
    });
    const errors = (await parked()).map(({ reason }) => reason.error).join('\n');
    expect(errors).toContain('only our own services tell of it');
    expect(errors).toContain('the CDEvent is not complete');
    expect(errors).toContain('no event type that is taken from outside');
    expect(await runs(data)).toMatchObject([{ run, outcome: 'failure' }, { commit: '5'.repeat(64) }]);

    const [first] = await parked();
    const shown = await keelson(['parked', 'show', first!.id, '--data', data, '--no-color']);
    expect(shown.stdout).toContain('the message, received at');
    expectEnd(await keelson(['parked', 'replay', first!.id, '--data', data]), { status: 0 });
    await until(async () => (await parked()).length === 3, { what: () => 'it is parked once more' });
    for (const { id } of await parked()) await keelson(['parked', 'drop', id, '--data', data]);
    expect(await parked()).toEqual([]);
    const queues = await keelsonJson<{ service: string; ready: number }>(['queues', '--data', data]);
    expect(queues).toContainEqual(expect.objectContaining({ service: 'inbox', ready: 0, parked: 0 }));
    await keelson(['cancel', 'last', '--data', data]);
    await until(async () => (await runs(data)).at(-1)?.outcome === 'cancel', { what: () => 'the end of that run' });
    await up.stop();
    await expectInOrder(data, { failed: 1, cancelled: 1 });
  });

  it('has one effect when it comes a thousand times', async () => {
    const [repository, data] = [greenRepository(), newData()];
    const up = Keelson.up(data, [repository.path]);
    await up.prints('GREEN');
    const { run } = await show(data);
    const retry = file(sent('dev.cdeventsx.keelson-run.retried.0.1.0', { id: run }, { customData: { run } }));
    const many = Array.from({ length: 1_000 }, () => retry);
    expectEnd(await keelson(['events', 'publish', ...many, '--data', data]), { status: 0 });
    const isEmpty = async () => {
      const queues = await keelsonJson<{ service: string; ready: number; inWork: number }>(['queues', '--data', data]);
      const inbox = queues.find(({ service }) => service === 'inbox');
      return inbox !== undefined && inbox.ready + inbox.inWork === 0;
    };
    await until(isEmpty, { what: () => 'an empty inbox', timeoutMs: 180_000 });
    await until(async () => (await show(data)).outcome === 'success', { what: () => 'the second attempt' });
    expect((await show(data)).attempts.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(await keelsonJson(['parked', '--data', data])).toEqual([]);
    await up.stop();
    await expectInOrder(data, { built: 1 });
  });
});
