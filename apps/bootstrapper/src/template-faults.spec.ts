import { eventTypes } from '@keelson/events';
import { planKey, refusedKey } from '@keelson/ledger';
import { planSchema, refusedRecord } from '@keelson/pipeline';
import { TemplateRenderer } from '@keelson/template';
import { job, pipelineFile, readme, renderer, secret, TemplateWorld } from './templates-fixture.contract';

afterAll(() => renderer.close());

describe('a Job template that is wrong', () => {
  let templated: TemplateWorld;
  beforeEach(async () => {
    templated = await TemplateWorld.open();
  });
  afterEach(() => templated.world.end());

  async function reasonOf(build: string, more: Record<string, string> = {}) {
    const { told, end, run } = await templated.froze(templated.commit(build, more));
    expect(told).toEqual([eventTypes.pipelineRunStarted, eventTypes.pipelineRunFinished]);
    expect(await templated.world.ledger.read(planKey(run, planSchema))).toBeUndefined();
    return { outcome: end?.outcome, ...end?.reason };
  }
  const refused = async (build: string) => {
    const { run } = await templated.froze(templated.commit(build));
    return templated.world.ledger.read(refusedKey({ run, attempt: 1, stage: 'build' }, refusedRecord));
  };

  it('is kept as it was rendered when that is refused, without what is secret', async () => {
    const record = await refused(secret + job.replace('busybox', '{{ .Nothing }}'));
    expect(record).toMatchObject({ file: 'ci/build.yaml', text: expect.stringContaining('image: <no value>') });
    expect(record?.text).toContain('token: (masked)');
    expect(record?.text).not.toMatch(/hunter2|s3cr3t|czNjcjN0/);
  });

  it('is not kept when nobody can tell what in it is secret', async () => {
    expect(await refused(`${secret}a: [\n---\n${job}`)).toBeUndefined();
  });

  const endless = '{{ range $i := until 100000 }}{{ range until 100000 }}{{ $x := add $i 1 }}{{ end }}{{ end }}';

  it.each([
    ['no template', `a\nb {{ if }}`, 'template', 'ci/build.yaml:2: missing value for if'],
    [
      'a field of what has none',
      'a\n{{ .Dir.x }}',
      'template',
      /^ci\/build\.yaml:2:8: executing .* can't evaluate field x/,
    ],
    ['raised by itself', '{{ RaiseError "no version" }}', 'template', 'ci/build.yaml: no version'],
    [
      'including itself',
      '{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}',
      'template',
      /^ci\/build\.yaml:1:\d+: .*exceeded maximum template depth/,
    ],
    ['one of 5 MB', `# ${'x'.repeat(5_000_000)}`, 'template', 'ci/build.yaml is larger than the 1 MiB it may have'],
    [
      'rendered to 5 MB',
      '{{ range until 50000 }}{{ repeat 100 "x" }}{{ end }}',
      'manifest',
      /^ci\/build\.yaml \(rendered\):1:1: the file is 5 MiB/,
    ],
    [
      'rendered to more than there is room for',
      '{{ repeat 40000000 "x" }}',
      'template',
      'ci/build.yaml: the output is larger than 32 MiB',
    ],
    [
      'naming what is not there',
      job.replace('busybox', '{{ .Nothing }}'),
      'manifest',
      /^ci\/build\.yaml \(rendered\):7:\d+: <no value> is left/,
    ],
    ['two Jobs', `${job}---\n${job}`, 'manifest', /^ci\/build\.yaml \(rendered\):9:1: a second Job/],
    [
      'another kind',
      `${job}---\nkind: Pod\n`,
      'manifest',
      /^ci\/build\.yaml \(rendered\):9:7: a template may hold no Pod/,
    ],
    [
      'in a namespace of 80 characters',
      job.replace('{{ .Namespace }}', 'n'.repeat(80)),
      'manifest',
      /the namespace has 80 characters; it may have 63/,
    ],
    [
      'without a pod',
      'apiVersion: batch/v1\nkind: Job\nmetadata: { name: x }\n',
      'manifest',
      'ci/build.yaml (rendered): the Job x has no such pod as a cluster takes: see its spec',
    ],
  ])('fails the run, naming the place: %s', async (_what, build, code, message) => {
    const reason = await reasonOf(build);
    expect(reason).toMatchObject({ outcome: 'failure', code });
    if (typeof message === 'string') expect(reason.message).toBe(message);
    else expect(reason.message).toMatch(message);
  });

  it('fails the run when it does not end', async () => {
    const hasty = new TemplateRenderer({ timeMs: 5_000 });
    const { end } = await templated.froze(templated.commit(endless), { renderer: hasty });
    await hasty.close();
    expect(end?.reason).toEqual({ code: 'template', message: 'ci/build.yaml: the template did not end within 5 s' });
  });

  it('fails the run when the commit has no such file', async () => {
    const reason = await reasonOf(job, { '.keelson.yaml': pipelineFile.replace('ci/build', 'ci/other') });
    expect(reason).toEqual({ outcome: 'failure', code: 'template', message: 'the commit has no file ci/other.yaml' });
  });

  it('fails the run when it is imposed and too large', async () => {
    const imposed = { file: 'ci.yaml', text: Buffer.alloc(5_000_000, 'x') };
    const { end } = await templated.froze(templated.world.commit({ x: '' }), { imposed });
    expect(end?.reason?.message).toBe('ci.yaml is larger than the 1 MiB it may have');
  });

  it('fails the run when the tag is none', async () => {
    const tagged = pipelineFile.replace('team/widget', "team/widget, tag: 'feature/{{ .Run }}'");
    const { message } = await reasonOf(job, { '.keelson.yaml': tagged });
    expect(message).toMatch(/^image\.tag is rendered to "feature\/.*", which is no tag \(letters, /);
  });

  it('fails the run when the README has two versions', async () => {
    const reason = await reasonOf(job, { 'README.md': `${readme}<repo-version>2.0.0</repo-version>\n` });
    expect(reason).toMatchObject({ outcome: 'failure', code: 'version' });
  });

  it('tells no secret, also where Go quotes values', async () => {
    const { message } = await reasonOf('{{ env "GITHUB_TOKEN" | toDate "2006" }}{{ fail (env "GITHUB_TOKEN") }}');
    expect(message).toContain('(masked)');
    expect(message).not.toContain('s3cr3t');
  });
});
