import { eventTypes } from '@keelson/events';
import { planKey } from '@keelson/ledger';
import { planSchema } from '@keelson/pipeline';
import { renderer, TemplateWorld } from './templates-fixture.contract';

afterAll(() => renderer.close());

describe('a tag of build.push that is a template', () => {
  let templated: TemplateWorld;
  beforeEach(async () => {
    templated = await TemplateWorld.open();
  });
  afterEach(() => templated.world.end());

  /** The pipeline file asks for these further names. */
  async function froze(names: readonly string[], key: 'with a key' | 'without a key' = 'without a key') {
    const file = JSON.stringify({ image: { name: 'w' }, build: { strategy: 'buildkit', push: names }, test: 'none' });
    const id = templated.commit('', { '.keelson.yaml': file });
    const { run, told, end } = await templated.froze(id, key === 'with a key' ? {} : { key: undefined });
    const plan = await templated.world.ledger.read(planKey(run, planSchema));
    return { id, told, end, push: plan?.pipeline.build.push };
  }

  it('is rendered when the source is frozen, and the plan holds what came out', async () => {
    const { id, told, push } = await froze([
      'quay.io/team/widget:{{ .duat.version }}',
      'quay.io/team/widget:{{ .duat.gitBranch }}-{{ .Commit | trunc 7 }}',
      'localhost:5000/widget:fixed',
    ]);
    expect(told).toEqual([eventTypes.pipelineRunStarted, eventTypes.buildQueued]);
    expect(push).toEqual([
      'quay.io/team/widget:0.9.14-feature-212-aaaagjecnus',
      `quay.io/team/widget:main-${id.slice(0, 7)}`,
      'localhost:5000/widget:fixed',
    ]);
  });

  it.each([
    ['nothing', '{{ .Env.NOTHING }}', /^build\.push\[1\] is rendered to "<no value>", which is no tag \(letters, /],
    ['what no tag may hold', '{{ "feature/x" }}', /^build\.push\[1\] is rendered to "feature\/x", which is no tag/],
    ['empty text', '{{ "" }}', /^build\.push\[1\] is rendered to "", which is no tag/],
    ['a secret', 'x{{ .Env.GITHUB_TOKEN }}', 'build.push[1] is rendered to a secret, which no tag may tell'],
    ['no template', '{{ if }}', /^build\.push\[1\]:1: missing value for if/],
  ])('fails the run, naming the entry, when it is rendered to %s', async (_what, tag, message) => {
    const { told, end } = await froze(['quay.io/a/b:1', `quay.io/a/b:${tag}`]);
    expect(told).toEqual([eventTypes.pipelineRunStarted, eventTypes.pipelineRunFinished]);
    expect(end).toMatchObject({ outcome: 'failure', reason: { code: 'template' } });
    if (typeof message === 'string') expect(end?.reason?.message).toBe(message);
    else expect(end?.reason?.message).toMatch(message);
    expect(JSON.stringify(end)).not.toContain('s3cr3t');
  });

  it('needs no key, as a Job template does', async () => {
    expect((await froze(['r.io/b:{{ .duat.version }}'])).push).toEqual(
      (await froze(['r.io/b:{{ .duat.version }}'], 'with a key')).push,
    );
    const id = templated.commit('kind: Job\n');
    const { end } = await templated.froze(id, { key: undefined });
    expect(end?.reason).toMatchObject({
      code: 'pipeline-file',
      message: expect.stringContaining('sets a sealing key'),
    });
  });
});
