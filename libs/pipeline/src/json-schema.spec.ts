import { readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import { parse } from 'yaml';
import { pipelineJsonSchema, pipelineSchemaText } from './json-schema';
import { parsePipeline } from './parse-pipeline';
import { knownKeys } from './pipeline';

describe('the JSON Schema for editors', () => {
  const accepts = new Ajv2020({ strictTypes: false }).compile(pipelineJsonSchema());

  it('is kept in docs as it is here (else: npm run schema -w @keelson/pipeline)', () => {
    const file = path.resolve(__dirname, '../../../docs/keelson.schema.json');
    expect(readFileSync(file, 'utf8')).toBe(pipelineSchemaText());
  });

  it.each([
    ['test: none'],
    ['test: { command: [make], env: { A: 1.10, B: true }, timeout: 1h30m, artifacts: [dist/] }'],
    ['image: { name: team/widget, base: debian:12, workdir: /, git: shallow }\ntest: { template: x }'],
    [
      "image: { name: w, tag: '{{ .duat.version }}' }\nbuild: { strategy: template, template: ./ci/x.yaml }\ntest: none",
    ],
    ['build: { strategy: kaniko, dockerfile: D, args: { A: 1 } }\ntest: none\nonBase: ignore\nrelease: [x]'],
  ])('takes what the parser takes: %s', (text) => {
    expect(parsePipeline(text).ok).toBe(true);
    expect(accepts(parse(text))).toBe(true);
  });

  it.each([
    ['image: {}'],
    ['test: { timeout: 1m }'],
    ['test: { command: make }'],
    ['test: { command: [] }'],
    ['test: { command: [make], timeout: 30 }'],
    ['test: { command: [make], artifacts: [../x] }'],
    ['test: { comand: [make] }'],
    ['test: none\nimage: { name: Widget }'],
    ['test: none\nimage: { workdir: src }'],
    ['test: none\nbuild: { strategy: docker }'],
    ['test: { template: ../x }'],
    ['test: none\nbuild: { strategy: template, template: /x }'],
    ['test: none\nunknown: 1'],
  ])('refuses what the parser refuses: %s', (text) => {
    expect(parsePipeline(text).ok).toBe(false);
    expect(accepts(parse(text))).toBe(false);
  });

  it('describes every key', () => {
    const undescribed: string[] = [];
    const visit = (schema: unknown, at: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      const { properties = {}, anyOf = [] } = schema as { properties?: object; anyOf?: readonly unknown[] };
      anyOf.forEach((choice) => visit(choice, at));
      for (const [key, inner] of Object.entries(properties)) {
        if (!('description' in inner) && !('anyOf' in inner)) undescribed.push(`${at}.${key}`);
        visit(inner, `${at}.${key}`);
      }
    };
    visit(pipelineJsonSchema(), '');
    expect(undescribed).toEqual([]);
  });

  it('is explained key by key in docs/pipeline.md', () => {
    const text = readFileSync(path.resolve(__dirname, '../../../docs/pipeline.md'), 'utf8');
    const keys = ['', 'image', 'build', 'test'].flatMap((section) =>
      knownKeys(section === '' ? [] : [section]).map((key) => (section === '' ? key : `${section}.${key}`)),
    );
    expect(keys.filter((key) => !text.includes(`\`${key}\``))).toEqual([]);
  });
});
