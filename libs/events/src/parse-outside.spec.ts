import { CloudEvent, HTTP } from 'cloudevents';
import { composeEvent } from './compose';
import { eventTypes } from './event';
import { MalformedEventError } from './malformed-event-error';
import { maxOutsideBytes, parseOutside, UnknownEventTypeError } from './parse-outside';
import type { OutsideBody } from './parse-outside';

const cdEvent = (context: object = {}, rest: object = {}) => ({
  context: {
    version: '0.4.1',
    ...{ id: 'build-7', source: 'https://ci.example/job/7', type: 'dev.cdevents.artifact.published.0.2.0' },
    ...{ timestamp: '2026-11-24T10:00:00Z', ...context },
  },
  subject: { id: 'pkg:oci/widget', type: 'artifact', content: { user: 'ci' } },
  ...rest,
});
const bytes = (value: unknown): Uint8Array => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const message = (value: unknown, rest: Partial<OutsideBody> = {}): OutsideBody => ({
  ...{ contentType: 'application/json', headers: {}, body: bytes(value) },
  ...rest,
});
const expected = {
  ...{ id: 'build-7', source: 'https://ci.example/job/7', kind: 'artifact.published' },
  ...{ type: 'dev.cdevents.artifact.published.0.2.0', timestampMs: Date.parse('2026-11-24T10:00:00Z') },
  subject: { id: 'pkg:oci/widget', source: undefined, content: { user: 'ci' } },
  ...{ chainId: undefined, customData: undefined },
};
const sdkEvent = (data: object = cdEvent()) =>
  new CloudEvent({
    ...{ id: 'build-7', source: 'https://ci.example/job/7', type: 'dev.cdevents.artifact.published.0.2.0' },
    ...{ datacontenttype: 'application/json', data },
  });
/** The headers that the SDK writes for HTTP, with another prefix. */
const binaryHeaders = (prefix: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(HTTP.binary(sdkEvent()).headers)
      .filter(([name]) => name.startsWith('ce-'))
      .map(([name, value]) => [name.replace('ce-', prefix), String(value)]),
  );

describe('what outsiders send', () => {
  it('is read as the CloudEvents SDK writes it in structured mode', () => {
    const { headers, body } = HTTP.structured(sdkEvent());
    const sent = { contentType: String(headers['content-type']), headers: {}, body: bytes(body) };
    expect(parseOutside(sent)).toEqual(expected);
    expect(parseOutside({ ...sent, contentType: 'application/json' })).toEqual(expected);
    const { contentType: _, ...without } = sent;
    expect(parseOutside(without)).toEqual(expected);
  });

  it.each(['ce-', 'ce_', 'cloudEvents:', 'cloudEvents_', 'cloudevents:'])(
    'is read as the SDK writes it in binary mode, with headers %s',
    (prefix) => {
      expect(parseOutside(message(cdEvent(), { headers: binaryHeaders(prefix) }))).toEqual(expected);
    },
  );

  it('may be a bare CDEvent', () => {
    expect(parseOutside(message(cdEvent()))).toEqual(expected);
  });

  it.each(['0.1.0', '0.1.2', '0.2.0', '0.3.7', '0.4.0-draft'])('may be of version %s', (version) => {
    const type = `dev.cdevents.artifact.published.${version}`;
    expect(parseOutside(message(cdEvent({ type })))).toMatchObject({ kind: 'artifact.published', type });
  });

  it('may be any event of ours', () => {
    const run = '01931f0e-7d3a-7cc1-8a5e-1f2e3d4c5b6a';
    const ours = composeEvent({
      ...{ type: eventTypes.runRetried, work: { run, attempt: 2, stage: 'source' }, service: 'command' },
      ...{ subjectId: run, content: {}, customData: { run, attempt: 2 }, time: '2026-11-24T10:00:00Z' },
    });
    expect(parseOutside(message(ours))).toMatchObject({
      ...{ id: ours.id, source: '/keelson/command', kind: 'keelson-run.retried', chainId: run },
      customData: { run, attempt: 2 },
    });
  });

  it('is named by the CloudEvent, not by what it carries', () => {
    const { body } = HTTP.structured(sdkEvent(cdEvent({ id: 'other', source: 'elsewhere' })));
    expect(parseOutside(message(body))).toMatchObject({ id: 'build-7', source: 'https://ci.example/job/7' });
  });

  it('may hold its data as base64, and its custom data as text', () => {
    const envelope = { specversion: '1.0', id: '1', source: 's', type: 'dev.cdevents.change.merged.0.3.0' };
    const data = cdEvent({}, { customData: '{"ref":"refs/heads/main"}' });
    const sent = message({ ...envelope, data_base64: Buffer.from(bytes(data)).toString('base64') });
    expect(parseOutside(sent).customData).toEqual({ ref: 'refs/heads/main' });
    expect(parseOutside(message({ ...envelope, data: JSON.stringify(data) }))).toMatchObject({ kind: 'change.merged' });
    expect(parseOutside(message(cdEvent({}, { customData: 'words' }))).customData).toBe('words');
  });

  it.each<[string, OutsideBody, RegExp]>([
    ['nothing', message(''), /body is empty/],
    ['no JSON', message('{"context":'), /not JSON/],
    ['no UTF-8', message('', { body: Uint8Array.of(0x22, 0xff, 0x22) }), /not JSON in UTF-8/],
    ['a list', message([cdEvent()]), /no object/],
    ['null', message('null'), /no object/],
    ['too many bytes', message(`"${'x'.repeat(maxOutsideBytes)}"`), /1048578 bytes: an event has at most 1048576/],
    ['a batch', message([], { contentType: 'application/cloudevents-batch+json' }), /each in a message of its own/],
    ['no CDEvent', message({ hello: 'world' }), /the CDEvent is not complete/],
    ['a CloudEvent of nothing', message({ specversion: '1.0', id: '1', source: 's', type: expected.type }), /CDEvent/],
    ['an unknown version', message({ ...sdkEvent(), specversion: '7' }), /version that is not known/],
    ['headers without an id', message(cdEvent(), { headers: { 'ce-type': expected.type } }), /headers is not complete/],
    ['no id', message(cdEvent({ id: undefined })), /what names the event is not complete.*id/s],
    ['no source', message(cdEvent({ source: '' })), /source/],
    ['no type', message(cdEvent({ type: undefined })), /type/],
    ['a subject without an id', message(cdEvent({}, { subject: { content: {} } })), /subject\.id/],
    ['no time', message(cdEvent({ timestamp: 'yesterday' })), /"yesterday" is no RFC 3339 instant/],
    ['an id without end', message(cdEvent({ id: 'x'.repeat(900) })), /too long/],
    ['half a character', message(JSON.stringify(cdEvent({ id: '@' })).replace('@', '\\ud800')), /half a character/],
  ])('is refused with the reason: %s', (_what, sent, why) => {
    expect(() => parseOutside(sent)).toThrow(MalformedEventError);
    expect(() => parseOutside(sent)).toThrow(why);
  });

  it.each(['dev.cdevents.incident.detected.0.3.0', 'dev.cdevents.change.merged.1.0.0', 'com.example.built', 'x'])(
    'is refused when it is of a type nobody takes: %s',
    (type) => {
      expect(() => parseOutside(message(cdEvent({ type })))).toThrow(UnknownEventTypeError);
      expect(() => parseOutside(message({ specversion: '1.0', id: '1', source: 's', type }))).toThrow(`"${type}"`);
    },
  );
});
