import type { CommandJob, ManifestJob } from '../jobs';
import { compileCommand } from './compile-command';
import { prepareObjects } from './prepare-objects';

const graces = { stopGraceMs: 2000, startMs: 600_000 };

/** What a template wants to be believed. */
const claimed = {
  'keelson/end': '{"end":{"kind":"exited","code":0},"atMs":1}',
  'keelson/remove-namespace': 'true',
  'keelson/keep-namespace': 'true',
  'keelson/last-line': 'done',
  'keelson/name': 'other',
  'keelson/timeout-ms': '1',
  'keelson/kinds': '["v1 Secret"]',
  'keelson/what-comes-later': 'x',
};

function template(more: Partial<ManifestJob> = {}): ManifestJob {
  const metadata = { name: 'any', annotations: { ...claimed, 'example/mine': 'kept' }, labels: { mine: 'kept' } };
  const spec = { template: { spec: { containers: [{ name: 'main' }] } } };
  return {
    ...{ name: '0.1.build', timeoutMs: 60_000 },
    objects: [{ apiVersion: 'batch/v1', kind: 'Job', metadata, spec }],
    ...more,
  };
}
const annotationsOf = (job: ManifestJob) => prepareObjects(job, 'work', graces).job.metadata.annotations;
const ours = { 'keelson/name': '0.1.build', 'keelson/timeout-ms': '60000', 'keelson/kinds': '[]' };

describe("the annotations of a template's Job", () => {
  it('are its own, but for what only we may say', () => {
    expect(annotationsOf(template())).toEqual({ ...ours, 'example/mine': 'kept' });
  });

  it('have what is true of the job', () => {
    const space = { name: 'work', create: true, keep: false };
    const job = template({ lastLine: 'built', namespace: space });
    const more = { 'keelson/last-line': 'built', 'keelson/remove-namespace': 'true' };
    expect(annotationsOf(job)).toEqual({ ...ours, ...more, 'example/mine': 'kept' });
    expect(annotationsOf({ ...job, namespace: { ...space, keep: true } })).not.toHaveProperty([
      'keelson/remove-namespace',
    ]);
  });

  it('of a command say which files it keeps', () => {
    const command: CommandJob = {
      ...{ name: '0.1.build', image: 'r/i@sha256:0', command: ['true'], env: {}, workdir: '/src', timeoutMs: 60_000 },
      artifacts: ['*.xml'],
    };
    const upload = { helperImage: 'r/helper@sha256:0', grant: '{}' };
    expect(annotationsOf(compileCommand(command, { isNonRoot: false, upload }))).toEqual({
      ...ours,
      ...{ 'keelson/kinds': '["v1 Secret"]', 'keelson/artifacts': '["*.xml"]' },
    });
  });
});
