import { composeEvent } from './compose';
import { event, eventSchemas, eventTypes, parseEvent } from './event';
import { eventId, newRunId, workKeyText } from './identity';
import { MalformedEventError } from './malformed-event-error';

const run = {
  run: '01931f0e-7d3a-7cc1-8a5e-1f2e3d4c5b6a',
  attempt: 1,
  source: '/srv/widget',
  ref: 'refs/heads/main',
  commit: 'a'.repeat(40),
  sequence: 7,
};
const work = { run: run.run, attempt: 1, stage: 'source' as const };
const merged = () =>
  composeEvent({
    type: eventTypes.changeMerged,
    work,
    service: 'watcher',
    subjectId: run.commit,
    content: { repository: { id: run.source } },
    customData: run,
    time: '2026-11-24T10:00:00.000Z',
  });

describe('events', () => {
  it('names every type once', () => {
    expect(Object.values(eventTypes).sort()).toEqual(eventSchemas.map((schema) => schema.shape.type.value).sort());
  });

  it('gives the same work the same id, and other work another', () => {
    expect(merged().id).toBe(merged().id);
    const ids = [
      eventId(work, eventTypes.changeMerged, 'x'),
      eventId({ ...work, attempt: 2 }, eventTypes.changeMerged, 'x'),
      eventId(work, eventTypes.buildQueued, 'x'),
      eventId(work, eventTypes.changeMerged, 'y'),
    ];
    expect(new Set(ids).size).toBe(4);
  });

  it('is a CDEvent in a CloudEvent, the run its chain', () => {
    const { data, ...envelope } = merged();
    expect(envelope).toMatchObject({
      specversion: '1.0',
      type: eventTypes.changeMerged,
      datacontenttype: 'application/json',
    });
    expect(data.context).toMatchObject({
      specversion: '0.5.1',
      id: envelope.id,
      type: envelope.type,
      chainId: run.run,
    });
    expect(data.subject).toMatchObject({ id: run.commit, type: 'change' });
  });

  it('survives its own JSON', () => {
    expect(parseEvent(JSON.stringify(merged()))).toEqual(merged());
  });

  it.each([
    ['text that is not JSON', '{', /not JSON/],
    ['a type we do not know', JSON.stringify({ ...merged(), type: 'dev.example.other' }), /type/],
    [
      'a commit that is cut short',
      JSON.stringify({ ...merged(), data: { ...merged().data, customData: { ...run, commit: 'abc' } } }),
      /commit/,
    ],
    ['an outcome of its own', JSON.stringify(finished('fine')), /outcome/],
  ])('refuses %s, and says where', (_what, text, message) => {
    expect(() => parseEvent(text)).toThrow(MalformedEventError);
    expect(() => parseEvent(text)).toThrow(message);
  });

  it('refuses to compose what its schema refuses', () => {
    expect(() => composeEvent({ ...partsOf(), customData: { ...run, attempt: 0 } })).toThrow(/attempt/);
  });

  it('sorts run ids by the time they were minted', () => {
    const ids = Array.from({ length: 50 }, newRunId);
    expect([...ids].sort()).toEqual(ids);
  });

  it('writes a work key that is safe in file and Job names', () => {
    expect(workKeyText(work)).toMatch(/^[0-9a-z.-]{1,63}$/);
  });

  it('reads every type by one schema', () => {
    expect(event.options).toHaveLength(Object.keys(eventTypes).length);
  });
});

function partsOf() {
  return {
    type: eventTypes.changeMerged,
    ...{ work, service: 'watcher', subjectId: 'x', content: {}, time: '2026-11-24T10:00:00.000Z' },
  };
}

function finished(outcome: string) {
  return {
    ...merged(),
    type: eventTypes.testSuiteRunFinished,
    data: {
      ...merged().data,
      context: { ...merged().data.context, type: eventTypes.testSuiteRunFinished },
      subject: { id: 'x', type: 'testSuiteRun', content: { environment: { id: 'keelson' }, outcome } },
      customData: { ...run, stage: 'test', outcome },
    },
  };
}
