import type { RunOutcome } from '@keelson/events';
import { endKey } from '@keelson/ledger';
import { parseImageReference } from '@keelson/registry';
import { describeOn, servers } from '@keelson/testbed';
import { tagsOf } from './builder-fixture.contract';
import type { Asked } from './builder-fixture.contract';
import { BuildkitHarness } from './buildkit-harness.contract';
import { until } from '@keelson/work-testing';
import { buildVerifiedKey } from '@keelson/ledger';
import { VerifyObserver } from './verify-observer';

jest.setTimeout(180_000);
const base = () => `${servers.registry}/busybox:1`;

describeOn(['kubeconfig', 'registry'])('BuildKit on a cluster', () => {
  let harness: BuildkitHarness;
  beforeAll(async () => {
    harness = await BuildkitHarness.open();
  });
  afterAll(() => harness.end());
  const built = (asked: Asked) => harness.built(asked);

  const tree = (main: string) => ({
    Dockerfile: [
      ...[`FROM ${base()} AS build`, 'ARG LEVEL=1', 'WORKDIR /src', 'COPY go.mod ./', 'RUN echo deps > /deps.txt'],
      ...['COPY . .', 'RUN echo "level $LEVEL with $(cat main.txt)" > /out.txt'],
      ...[`FROM ${base()}`, 'COPY --from=build /out.txt /out.txt', 'CMD ["cat", "/out.txt"]', ''],
    ].join('\n'),
    ...{ 'go.mod': 'module x\n', 'main.txt': main },
  });

  it('builds the frozen source, pushes it, and finds every step in the cache the next time', async () => {
    const cold = await built({ sequence: 1, tree: tree('one\n') });
    expect(cold.ended).toMatchObject({ outcome: 'success', log: { complete: true } });
    expect(cold.ended.image?.digest).toBe(await harness.world.tagged(tagsOf(cold.event).immutable));
    expect(cold.ended.build?.steps.map(({ cache }) => cache)).toEqual(Array(6).fill('miss'));
    // Where the base's tag points: it is looked for there later, to see whether it has moved.
    const { digest } = (await harness.world.client.head(parseImageReference(base()), new AbortController().signal))!;
    expect(cold.ended.build?.bases).toEqual([{ reference: base(), digest }]);
    const warm = await built({ sequence: 2, tree: tree('one\n') });
    expect(warm.ended.build?.steps.map(({ cache }) => cache)).toEqual(Array(6).fill('hit'));
    const changed = await built({ sequence: 3, tree: tree('two\n') });
    expect(changed.ended.build?.steps.map(({ cache, because }) => [cache, because?.replace(/ from .*/, '')])).toEqual([
      ...[
        ['hit', undefined],
        ['hit', undefined],
        ['hit', undefined],
        ['miss', 'the file main.txt changed'],
      ],
      ...[
        ['miss', 'an earlier step was run again: COPY . .'],
        ['miss', 'the stage build was run again: COPY . .'],
      ],
    ]);
  });

  it.each<[string, string, RunOutcome, string, string]>([
    ['a step that fails', 'RUN echo before && exit 3', 'failure', 'step-failed', 'before'],
    ['an instruction that there is not', 'RUNN true', 'failure', 'dockerfile', 'line 2'],
    ['a file that is not there', 'COPY nothere /x', 'failure', 'file-not-found', 'nothere'],
  ])('says of %s whose fault it is', async (_what, line, outcome, code, words) => {
    const { ended, event } = await built({ sequence: 9, tree: { Dockerfile: `FROM ${base()}\n${line}\n` } });
    expect(ended).toMatchObject({ outcome, reason: { code } });
    expect(ended.reason?.message).toContain(words);
    expect(await harness.world.ledger.read(endKey(event.data.customData.run, 1))).toMatchObject({ outcome });
    expect(await harness.world.tagged(tagsOf(event).immutable)).toBeUndefined();
  });

  it('makes a build again without cache, into a place of its own, and says what differs', async () => {
    const Dockerfile = `FROM ${base()}\nRUN echo fixed > /fixed && cat /proc/sys/kernel/random/uuid > /chance\n`;
    const cache = { mode: 'registry' as const, verify: 1 };
    const { event } = await built({ sequence: 20, tree: { Dockerfile }, build: { strategy: 'buildkit', cache } });
    const verifying = new VerifyObserver(harness.deps());
    const key = buildVerifiedKey(event.data.customData);
    await until(
      'it is compared',
      async () => {
        for (const state of await verifying.list()) {
          await verifying.report(state, new AbortController().signal);
          await verifying.mark(state);
        }
        await new Promise((resolve) => setTimeout(resolve, 300));
        return (await harness.world.ledger.read(key)) !== undefined;
      },
      120_000,
    );
    expect(await harness.world.ledger.read(key)).toMatchObject({
      ...{ outcome: 'different', count: 1, differences: [{ path: 'chance', what: 'changed' }] },
    });
    expect(await verifying.list()).toEqual([]);
  });
});
