import { readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv';
import { composeEvent } from '../compose';
import { eventSchemas, eventTypes } from '../event';
import { outsideKinds } from '../outside-kind';
import { parseOutside } from '../parse-outside';
import { asyncApi, asyncApiText } from './async-api';
import { eventsPage } from './events-page';
import { outsideExamples } from './outside-examples';

const kept = (name: string): string => readFileSync(path.resolve(__dirname, '../../../../docs', name), 'utf8');

describe('the documentation of events', () => {
  it('is kept in docs as it is here (else: npm run docs -w @keelson/events)', () => {
    expect(kept('events.md')).toBe(eventsPage());
    expect(kept('asyncapi.json')).toBe(asyncApiText());
  });

  it('has every type, every field of its custom data, and every kind that others may tell', () => {
    const page = eventsPage();
    for (const { shape } of eventSchemas) {
      const [, section = ''] = page.split(`### ${shape.type.value}\n`);
      const fields = Object.keys(shape.data.shape.customData.shape);
      const told = section.split('\n### ')[0] ?? '';
      expect(fields.filter((field) => !told.includes(`\`${field}`))).toEqual([]);
    }
    expect(outsideKinds.filter((kind) => !page.includes(`| ${kind} |`))).toEqual([]);
  });

  it('shows events that are read as what they are said to be', () => {
    const kinds = Object.values(outsideExamples).map((example) => {
      const body = Buffer.from(JSON.stringify(example));
      return parseOutside({ contentType: 'application/json', headers: {}, body }).kind;
    });
    expect(kinds).toEqual(['change.merged', 'artifact.published', 'keelson-run.retried', 'keelson-source.watched']);
  });
});

type Reference = { $ref: string };
type Document = {
  channels: Record<string, { address: string; messages: Record<string, Reference> }>;
  operations: Record<string, { channel: Reference }>;
  components: { messages: Record<string, { payload: object }> };
};

describe('the AsyncAPI document', () => {
  const document = asyncApi() as Document;

  it('refers to nothing that is not there', () => {
    const references = [...asyncApiText().matchAll(/"\$ref": "([^"]+)"/g)].map((match) => match[1] ?? '');
    const find = (reference: string): unknown =>
      reference
        .slice('#/'.length)
        .split('/')
        .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document);
    expect(references.length).toBeGreaterThan(eventSchemas.length);
    expect(references.filter((reference) => find(reference) === undefined)).toEqual([]);
  });

  it('describes what we publish, and nothing else', () => {
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const accepts = ajv.compile(document.components.messages[eventTypes.runRetried]?.payload ?? false);
    const run = '01931f0e-7d3a-7cc1-8a5e-1f2e3d4c5b6a';
    const event = composeEvent({
      ...{ type: eventTypes.runRetried, work: { run, attempt: 2, stage: 'source' }, service: 'command' },
      ...{ subjectId: run, content: {}, customData: { run, attempt: 2 }, time: '2026-11-24T10:00:00Z' },
    });
    expect(accepts(event)).toBe(true);
    expect(accepts({ ...event, type: eventTypes.runCancelled })).toBe(false);
    expect(accepts({ ...event, data: { ...event.data, customData: { run } } })).toBe(false);
    const addresses = Object.values(document.channels).map(({ address }) => address);
    expect(addresses.sort()).toEqual([...Object.values(eventTypes), 'ci.inbox'].sort());
  });
});
