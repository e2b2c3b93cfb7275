import { parsePipeline } from './parse-pipeline';
import { planSchema } from './plan';
import type { Plan } from './plan';

const sha256 = (letter: string): string => `sha256:${letter.repeat(64)}`;

function planOf(text: string): Plan {
  const parsed = parsePipeline(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return {
    ...{ run: '0190a6f0-0000-7000-8000-000000000000', name: 'calm-otter-42' },
    ...{ source: '/work/widget', ref: 'refs/heads/main', commit: 'a'.repeat(40), sequence: 1 },
    ...{ commitTime: '2026-04-01T00:00:00Z', subject: 'Add the widget', pipeline: parsed.pipeline },
    snapshot: {
      reference: `localhost:7070/widget-source@${sha256('b')}`,
      digest: sha256('b'),
      layer: {
        ...{ digest: sha256('c'), diffId: sha256('d'), sizeBytes: 1024 },
        mediaType: 'application/vnd.oci.image.layer.v1.tar',
      },
    },
    ...{ tree: 'e'.repeat(40), warnings: [], createdAt: '2026-04-01T00:00:01.000Z' },
  };
}

const kept = (plan: Plan): Plan => planSchema.parse(JSON.parse(JSON.stringify(plan)));

describe('a plan', () => {
  it.each([
    ['with every default', 'test: { command: [make] }'],
    ['without a test', 'test: none'],
    ['with a test template', 'test: { template: ci.yaml }'],
    [
      'with everything',
      'image: { name: w, workdir: /x/ }\ntest: { command: [a], env: { A: 1 }, timeout: 1h, artifacts: [x/] }\nrelease: { a: [1] }',
    ],
  ])('comes back from its record as it was (%s)', (_what, text) => {
    const plan = planOf(text);
    expect(kept(plan)).toEqual(plan);
    expect(kept(kept(plan))).toEqual(plan);
  });

  it('is refused when it lacks what a stage needs', () => {
    expect(planSchema.safeParse({ ...planOf('test: none'), snapshot: undefined }).success).toBe(false);
  });
});
