import { eventTypes } from '@keelson/events';
import type { RunData } from '@keelson/events';
import { manifestKey, planKey } from '@keelson/ledger';
import { manifestRecord, planSchema } from '@keelson/pipeline';
import { toldTwice } from '@keelson/testbed';
import { parseAllDocuments } from 'yaml';
import type { World } from './bootstrapper-fixture.contract';
import { freezeSource } from './stage';
import type { TemplateDeps } from './template-deps';
import { env, job, key, pipelineFile, renderer, secret, TemplateWorld } from './templates-fixture.contract';

afterAll(() => renderer.close());

describe('a Job template of a commit', () => {
  let templated: TemplateWorld;
  let world: World;
  beforeEach(async () => {
    templated = await TemplateWorld.open();
    world = templated.world;
  });
  afterEach(() => world.end());

  const commit: TemplateWorld['commit'] = (...of) => templated.commit(...of);
  const froze: TemplateWorld['froze'] = (...of) => templated.froze(...of);
  const objectsOf: TemplateWorld['objectsOf'] = (...of) => templated.objectsOf(...of);

  async function variables(texts: Record<string, string>, more: Partial<TemplateDeps> = {}): Promise<unknown> {
    const [config] = await objectsOf(
      commit(`apiVersion: v1\nkind: ConfigMap\nmetadata: { name: v }\ndata: ${JSON.stringify(texts)}\n---\n${job}`),
      more,
    );
    return config?.['data'];
  }

  it('is rendered when the source is frozen, before the build is asked for', async () => {
    const id = commit(secret + job);
    const { run, told, record } = await froze(id);
    expect(told).toEqual([eventTypes.pipelineRunStarted, eventTypes.buildQueued]);
    const plan = await world.ledger.read(planKey(run, planSchema));
    expect(plan?.pipeline.build).toMatchObject({ strategy: 'template', template: 'ci/build.yaml' });
    expect(record).toMatchObject({
      file: 'ci/build.yaml',
      image: `${world.registry}/team/widget:main-1-${id.slice(0, 12)}`,
      namespace: {
        name: expect.stringMatching(/^gw-0-9-14-feature-212-aaaagjecnus-[0-9a-f]{8}$/),
        create: true,
        keep: false,
      },
    });
  });

  it('is kept for people without what is secret, and sealed for who creates it', async () => {
    const { run, record } = await froze(commit(`# ${'{{ env "GITHUB_TOKEN" }}'}\n${secret}${job}`));
    const kept = JSON.stringify(record) + JSON.stringify(await world.ledger.read(planKey(run, planSchema)));
    for (const hidden of ['hunter2', 's3cr3t', Buffer.from('s3cr3t').toString('base64')])
      expect(kept).not.toContain(hidden);
    expect(record?.text).toContain('kind: Secret');
    const [opened] = parseAllDocuments(key.open(record!.sealed, `${run} build`));
    expect(opened?.toJS()).toMatchObject({
      stringData: { 'registry.yaml': env.Registry },
      data: { token: Buffer.from('s3cr3t').toString('base64') },
    });
  });

  it('sees the run, the commit and what it was handed', async () => {
    const seen = await variables({
      ...{ dir: '{{ .Dir }}', url: '{{ .URL }}', host: '{{ .duat.gitURL.Path }}', snapshot: '{{ .Snapshot }}' },
      ...{ address: '{{ .RegistryIP }}:{{ .RegistryPort }}', env: '{{ .Env.LEVEL }}{{ env `LEVEL` }}{{ env `PATH` }}' },
      ...{
        duat: '{{ .duat.version }} {{ .duat.module }} {{ .duat.gitBranch }} {{ .duat.gitDir }}[{{ .duat.gitTag }}]',
      },
    });
    expect(seen).toEqual({
      ...{ dir: '/keelson/source', url: world.source, host: world.source },
      snapshot: expect.stringMatching(/^localhost:\d+\/team\/widget-source@sha256:[0-9a-f]{64}$/),
      ...{ address: world.registry, env: 'debugdebug' },
      duat: '0.9.14-feature-212-aaaagjecnus widget main /keelson/source[]',
    });
  });

  it('sees the tag on the commit, the watched one before any other', async () => {
    const id = commit(job.replace('args: [', "args: ['{{ .duat.gitTag }} {{ .duat.gitBranch }}', "));
    world.git('tag', 'release/1.4', id);
    world.git('tag', '-a', '-m', 'with a message', 'z', id);
    const textOf = async (of: Partial<RunData> = {}) => (await froze(id, {}, of)).record?.text;
    expect(await textOf()).toContain("args: ['1.4 main', ");
    expect(await textOf({ ref: 'refs/tags/z' })).toContain("args: ['z HEAD', ");
    world.git('tag', '-d', 'release/1.4', 'z');
  });

  it('sees the registry as pods reach it', async () => {
    const registry = { prefix: world.registry, codec: 'none' as const, podAddress: 'registry.keelson:5000' };
    const id = commit(job.replace('args: [', "args: ['{{ .RegistryIP }} {{ .RegistryPort }}', "));
    const change = await world.change(id);
    await toldTwice(
      freezeSource(world.deps({ column: 'cluster', templates: templated.templates(), registry })),
      change,
    );
    const record = await world.ledger.read(manifestKey(change.data.customData.run, 'build', manifestRecord));
    expect(record?.text).toContain("args: ['registry.keelson 5000', ");
  });

  it('sees the registry that its environment names', async () => {
    const seen = await variables(
      { address: '{{ .RegistryIP }}:{{ .RegistryPort }}' },
      { env: { RegistryIP: '10.1.1.46', RegistryPort: '32000' } },
    );
    expect(seen).toEqual({ address: '10.1.1.46:32000' });
  });

  it("sees Amazon's registry where there is one, and says where there is none", async () => {
    const seen = await variables(
      { aws: '{{ .duat.awsecr }}' },
      { awsEcr: () => Promise.resolve({ host: 'ecr.example' }) },
    );
    expect(seen).toEqual({ aws: 'ecr.example' });
    const { run } = await froze(commit(job), { awsEcr: () => Promise.resolve({ warning: 'AWS is away' }) });
    expect((await world.ledger.read(planKey(run, planSchema)))?.warnings).toEqual(['AWS is away']);
  });

  it('pushes the tag that the pipeline file says, which may be a template', async () => {
    const tagged = pipelineFile.replace('team/widget', "team/widget, tag: 'v{{ .duat.version }}'");
    const { record } = await froze(commit(job, { '.keelson.yaml': tagged }));
    expect(record?.image).toBe(`${world.registry}/team/widget:v0.9.14-feature-212-aaaagjecnus`);
  });

  it('names no image where the pipeline file names none', async () => {
    const { record } = await froze(
      commit(job, { '.keelson.yaml': pipelineFile.replace('image: { name: team/widget }', '') }),
    );
    expect(record).not.toHaveProperty('image');
  });

  it('is rendered as the commit has it, not as a later one', async () => {
    const first = commit(job);
    commit(job.replace('busybox', 'later'));
    const [object] = await objectsOf(first);
    expect(JSON.stringify(object)).toContain('busybox');
  });

  it('may be in a namespace that is there already, or in none', async () => {
    expect((await froze(commit(job.replace('{{ .Namespace }}', 'team')))).record?.namespace).toEqual({
      name: 'team',
      create: false,
      keep: true,
    });
    expect((await froze(commit(job.replace(", namespace: '{{ .Namespace }}'", '')))).record).not.toHaveProperty(
      'namespace',
    );
    expect((await froze(commit(job), { namespace: 'mine' })).record?.namespace).toEqual({
      name: 'mine',
      create: false,
      keep: true,
    });
    expect((await froze(commit(job), { keepNamespaces: true })).record?.namespace).toMatchObject({
      create: true,
      keep: true,
    });
  });

  it('says what it replaces', async () => {
    const onHost = job.replace(
      'containers:',
      "volumes: [{ name: src, hostPath: { path: '{{ .Dir }}' } }]\n      containers:",
    );
    await froze(commit(onHost));
    expect(world.notices[0]).toBe(
      "ci/build.yaml: the hostPath volume src (/keelson/source) is replaced by the commit's source in a volume",
    );
  });

  it('may be a test, which sees the image of the build', async () => {
    const file = 'image: { name: widget }\ntest: { template: ci/build.yaml }\n';
    const id = commit(job, { '.keelson.yaml': file });
    const event = await world.change(id);
    await toldTwice(freezeSource(world.deps({ column: 'cluster', templates: templated.templates() })), event);
    const record = await world.ledger.read(manifestKey(event.data.customData.run, 'test', manifestRecord));
    expect(record?.image).toBe(`${world.registry}/widget:main-1-${id.slice(0, 12)}`);
    expect(record?.text).toContain(record?.image);
  });

  it('may be imposed on commits without a pipeline file, and handed over with it', async () => {
    const imposed = { file: 'ci.yaml', text: Buffer.from(job) };
    const theirs = await froze(world.commit({ 'ci.yaml': job.replace('busybox', 'theirs') }), { imposed });
    expect(theirs.record?.text).toContain('image: theirs');
    world.git('rm', '-q', 'ci.yaml');
    const ours = await froze(world.commit({ x: '' }), { imposed });
    expect(ours.record?.text).toContain('image: busybox');
    expect((await world.ledger.read(planKey(ours.run, planSchema)))?.pipeline.test).toBe('none');
  });

  it('has a namespace from who imposed it, also where it names none', async () => {
    const imposed = { file: 'ci.yaml', text: Buffer.from(job.replace(", namespace: '{{ .Namespace }}'", '')) };
    const own = await froze(world.commit({ x: '' }), { imposed });
    expect(own.record?.namespace).toEqual({ name: expect.stringMatching(/^gw-/), create: true, keep: false });
    const given = await froze(world.commit({ x: '1' }), { imposed, namespace: 'team' });
    expect(given.record?.namespace).toEqual({ name: 'team', create: false, keep: true });
  });

  it('is Windows text with a byte-order mark', async () => {
    const objects = await objectsOf(commit(`\ufeff${(secret + job).replaceAll('\n', '\r\n')}`));
    expect(objects.map(({ kind }) => kind)).toEqual(['Secret', 'Job']);
  });
});
