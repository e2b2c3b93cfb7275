import { randomBytes } from 'node:crypto';
import { parsePipeline } from '../parse-pipeline';
import type { Plan } from '../plan';
import type { ManifestRecord } from './manifest-record';
import { SealingKey } from './sealed-text';
import { sealedAbout, templateJob } from './template-job';

const key = new SealingKey(randomBytes(32));
const run = '01900000-0000-7000-8000-000000000001';
const digest = `sha256:${'a'.repeat(64)}`;
const parsed = parsePipeline('test: { template: ci.yaml }');
if (!parsed.ok) throw new Error('the sample is wrong');
const plan: Plan = {
  ...{ run, name: 'calm-otter-42', source: '/w', ref: 'refs/heads/main', commit: 'c'.repeat(40), sequence: 1 },
  ...{ commitTime: '2026-01-02T03:04:05Z', pipeline: parsed.pipeline, tree: 'e'.repeat(40), warnings: [] },
  snapshot: {
    reference: `registry:5000/widget-source@sha256:${'b'.repeat(64)}`,
    digest: `sha256:${'b'.repeat(64)}`,
    layer: { digest, diffId: digest, sizeBytes: 1, mediaType: 'm' },
  },
  createdAt: '2026-01-02T03:04:05Z',
};
const text = `apiVersion: batch/v1
kind: Job
metadata: { name: test, namespace: gw-1-2-3-0123abcd }
spec: { template: { spec: { containers: [{ name: main, image: 'registry:5000/widget:1', args: ['registry:5000/widget:1'] }] } } }
`;
const own = { name: 'gw-1-2-3-0123abcd', create: true, keep: false };
const record: ManifestRecord = {
  ...{ file: 'ci.yaml', text, sealed: key.seal(text, sealedAbout(run, 'test')) },
  namespace: own,
  image: 'registry:5000/widget:1',
};
const registries = [{ name: 'registry:5000', address: 'registry:5000', isPlain: true }];
const settings = { key, helperImage: 'helper', registries };

const work = { run, attempt: 1 };

describe("a template's Job", () => {
  it('has the source, brought by its layer, and the image by digest where it runs', () => {
    const { objects, namespace } = templateJob(
      record,
      { plan, stage: 'test', work, image: `registry:5000/widget@${digest}` },
      settings,
    );
    expect(namespace).toEqual(own);
    expect(objects).toHaveLength(1);
    expect(objects[0]?.['spec']).toMatchObject({
      template: {
        spec: {
          initContainers: [
            {
              ...{ name: 'keelson-source', image: 'helper' },
              command: [
                ...['/keelson-pod', 'source', '--from', `registry:5000/widget-source@${digest}`, '--strip', '/src'],
                ...['--plain-http', '/keelson/source'],
              ],
            },
          ],
          containers: [{ image: `registry:5000/widget@${digest}`, args: ['registry:5000/widget:1'] }],
        },
      },
    });
  });

  it('brings the login for the source as a Secret of its own, which no other container sees', () => {
    const dockerConfig = JSON.stringify({
      auths: { 'registry:5000': { auth: 'bWU=' }, 'other:5000': { auth: 'eW91' } },
    });
    const { objects } = templateJob(
      record,
      { plan, stage: 'test', work },
      { ...settings, registries: [], dockerConfig },
    );
    expect(objects[0]).toMatchObject({
      kind: 'Secret',
      metadata: { name: `${run}.1.test.source-credentials`, namespace: own.name },
      stringData: { 'config.json': '{"auths":{"registry:5000":{"auth":"bWU="}}}' },
    });
    const spec = JSON.stringify(objects[1]?.['spec']);
    expect(spec).not.toContain('plain-http');
    expect(spec.match(/"mountPath":"\/keelson\/docker"/g)).toHaveLength(1);
  });

  it.each(['{"auths":{"other:5000":{"auth":"eW91"}}}', '{"credsStore":"x"}', 'none'])(
    'brings none where there is none for its registry: %s',
    (dockerConfig) => {
      const { objects } = templateJob(record, { plan, stage: 'test', work }, { ...settings, dockerConfig });
      expect(objects.map(({ kind }) => kind)).toEqual(['Job']);
      expect(JSON.stringify(objects)).not.toContain('docker');
    },
  );

  it("brings the certificate of the registry's own authority as a file", () => {
    const known = [{ name: 'registry:5000', address: 'registry:5000', isPlain: false, authority: 'PEM' }];
    const { objects } = templateJob(record, { plan, stage: 'test', work }, { ...settings, registries: known });
    const [map, job] = objects;
    expect(map).toMatchObject({ kind: 'ConfigMap', metadata: { namespace: own.name }, data: { 'ca.crt': 'PEM' } });
    const spec = JSON.stringify(job?.['spec']);
    expect(spec).toContain('"--ca","/keelson/ca/ca.crt","/keelson/source"');
    expect(map!.metadata.name).toBe(`${run}.1.test.source-authority`);
    expect(spec).toContain(`"configMap":{"name":"${map!.metadata.name}"}`);
    expect(spec.match(/"mountPath":"\/keelson\/ca"/g)).toHaveLength(1);
  });

  it('asks the registry for the source by the address that pods know', () => {
    const dockerConfig = JSON.stringify({ auths: { 'https://registry:5000': { auth: 'bWU=' } } });
    const known = [{ name: 'registry:5000', address: 'registry.keelson:80', isPlain: true }];
    const { objects } = templateJob(
      record,
      { plan, stage: 'test', work },
      { ...settings, registries: known, dockerConfig },
    );
    expect(objects[0]).toMatchObject({
      stringData: { 'config.json': '{"auths":{"registry.keelson:80":{"auth":"bWU="}}}' },
    });
    expect(JSON.stringify(objects[1])).toContain(`"registry.keelson:80/widget-source@${digest}"`);
  });

  it('is made of no other stage, and of no other run', () => {
    expect(() => templateJob(record, { plan, stage: 'build', work }, settings)).toThrow('belongs to something else');
    const other = { ...plan, run: '01900000-0000-7000-8000-000000000002' };
    expect(() => templateJob(record, { plan: other, stage: 'test', work }, settings)).toThrow(
      'belongs to something else',
    );
  });

  it('is in a namespace of its own for each attempt, and for each run that tests the image again', () => {
    const spaces = [work, { run, attempt: 2 }, { run: '01900000-0000-7000-8000-000000000003', attempt: 1 }].map(
      (of) => {
        const { objects, namespace } = templateJob(
          { ...record, namespace: own },
          { plan, stage: 'test', work: of },
          settings,
        );
        expect(objects.map(({ metadata }) => metadata.namespace)).toEqual([namespace?.name]);
        return namespace?.name;
      },
    );
    expect(new Set(spaces).size).toBe(3);
    expect(spaces[0]).toBe(own.name);
    for (const name of spaces) expect(name).toMatch(/^gw-1-2-3-[0-9a-f]{8}$/);
    const given = { name: 'team', create: false, keep: true };
    expect(
      templateJob({ ...record, namespace: given }, { plan, stage: 'test', work: { run, attempt: 2 } }, settings)
        .namespace,
    ).toEqual(given);
  });
});
