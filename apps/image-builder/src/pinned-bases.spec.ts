import { builderSettings } from '@keelson/builders';
import { logPrefix } from '@keelson/ledger';
import { LogWriter } from '@keelson/logs';
import { movableName } from '@keelson/registry';
import { buildKind } from './build-kind';
import { unaborted, World } from './builder-fixture.contract';
import type { BuildWork } from './deps';

const builders = builderSettings.parse({ helperImage: `registry.example/builder@sha256:${'1'.repeat(64)}` });
const [d, other] = [`sha256:${'d'.repeat(64)}`, `sha256:${'e'.repeat(64)}`];

describe('the bases that are told of a build', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.end());

  /** What is recorded of a build that BuildKit told these bases of. */
  async function basesOf(Dockerfile: string, told: readonly string[], args: Record<string, string> = {}) {
    const event = await world.frozen({ build: { strategy: 'buildkit', args }, tree: { Dockerfile } });
    const { run, attempt } = event.data.customData;
    const prefix = logPrefix({ run, attempt, stage: 'build' });
    const log = new LogWriter({ store: world.ledger.store, prefix, clock: Date.now });
    await log.resume();
    const vertexes = told.map((base, at) => ({
      ...{ digest: `sha256:${String(at).repeat(64)}`, started: '2026-01-02T03:04:05Z' },
      name: `[stage-${at} 1/1] FROM ${base}`,
    }));
    await log.write({ time: '2026-01-02T03:04:05.000000000Z', bytes: Buffer.from(JSON.stringify({ vertexes })) });
    await log.seal();
    const work = { builders, warn: () => undefined } as unknown as BuildWork;
    const kind = buildKind({ ...world.deps({ work }), work });
    const open = { event, openedAt: '2026-01-02T03:04:05Z' };
    const end = { kind: 'exited' as const, code: 1 };
    return (await kind.verdict({ event, open, name: `${run}.1.build`, kept: {}, end }, unaborted)).build?.bases;
  }

  it.each([
    ['FROM node:20@D', 'docker.io/library/node:20@D'],
    ['FROM node:20@D', 'docker.io/library/node@D'],
    ['FROM node@D', 'docker.io/library/node@D'],
    ['FROM quay.example:5000/team/base:1@D AS x', 'quay.example:5000/team/base:1@D'],
    ['ARG BASE\nFROM ${BASE}', 'docker.io/library/node:20@D', { BASE: 'node:20@D' }],
  ] as const)(
    'by %j are named by their digest, and do not move',
    async (text, told, args: Record<string, string> = {}) => {
      const pinned = (words: string) => words.replace('@D', `@${d}`);
      const values = Object.fromEntries(Object.entries(args).map(([name, value]) => [name, pinned(value)]));
      const bases = await basesOf(`${pinned(text)}\n`, [pinned(told)], values);
      expect(bases).toEqual([{ reference: pinned(told), digest: d }]);
      expect(movableName(bases![0]!.reference)).toBeUndefined();
    },
  );

  it.each([
    ['by their tags', 'FROM node:20\n'],
    ['by another digest', `FROM node:20@${other}\n`],
    ['by their tags as well', `FROM node:20@${d} AS one\nFROM node:20\n`],
    ['by another name', `FROM node:20\nCOPY --from=other/node:20@${d} /x /\n`],
  ])('that are named %s move', async (_what, text) => {
    expect(await basesOf(text, [`docker.io/library/node:20@${d}`])).toEqual([
      { reference: 'docker.io/library/node:20', digest: d },
    ]);
  });
});
