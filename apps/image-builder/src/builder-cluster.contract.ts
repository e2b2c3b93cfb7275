import type { BuildProgress, StrategyName } from '@keelson/builders';
import { buildVerifiedKey, endKey } from '@keelson/ledger';
import { imageConfig, parseImageReference } from '@keelson/registry';
import { servers } from '@keelson/testbed';
import { until } from '@keelson/work-testing';
import { tagsOf, unaborted } from './builder-fixture.contract';
import type { Asked } from './builder-fixture.contract';
import { buildMs } from './builder-harness.contract';
import type { BuilderHarness } from './builder-harness.contract';
import { recordedProgress, recordedTree } from './recorded-builders.contract';
import { VerifyObserver } from './verify-observer';

export const base = () => `${servers.registry}/busybox:1`;
export const dockerfile = (...lines: string[]) => ({ Dockerfile: [`FROM ${base()}`, ...lines, ''].join('\n') });

/** Not every one tells WORKDIR, and one fills in arguments. */
const cacheOf = ({ steps }: Pick<BuildProgress, 'steps'>) =>
  steps
    .filter(({ text }) => !text.startsWith('WORKDIR'))
    .map(({ text, cache }) => [text.replace('level 1', 'level $LEVEL'), cache]);

/** What every real builder does on a cluster, by the service's own code. */
export function buildsOnCluster(strategy: StrategyName, harness: () => BuilderHarness): void {
  const built = (asked: Asked) => harness().built(asked);
  const tagged = (asked: Parameters<typeof tagsOf>[0]) => harness().world.tagged(tagsOf(asked).immutable);
  const head = (name: string) => harness().world.client.head(parseImageReference(name), unaborted);

  /** What was built when the builder's output was recorded, on the testbed's base. */
  function recorded(name: string): Record<string, string> {
    const { Dockerfile = '', ...files } = recordedTree(strategy, name);
    return { ...files, Dockerfile: Dockerfile.replaceAll('198.18.0.1:5000/', `${servers.registry}/`) };
  }

  it('builds the frozen source, pushes it, and finds in its cache what had not changed', async () => {
    const cold = await built({ sequence: 1, tree: recorded('cold') });
    expect(cold.ended).toMatchObject({ outcome: 'success', log: { complete: true }, build: { strategy } });
    expect(cold.ended.image?.digest).toBe(await tagged(cold.event));
    // Where the base's tag points: it is looked for there later, to see whether it has moved.
    expect(cold.ended.build?.bases).toEqual([{ reference: base(), digest: (await head(base()))!.digest }]);
    expect(cacheOf(cold.ended.build!)).toEqual(cacheOf(recordedProgress(strategy, 'cold')));
    const warm = await built({ sequence: 2, tree: recorded('warm-unchanged') });
    expect(warm.ended.build?.steps.map(({ cache }) => cache)).toEqual(warm.ended.build?.steps.map(() => 'hit'));
    expect(cacheOf(warm.ended.build!)).toEqual(cacheOf(recordedProgress(strategy, 'warm-unchanged')));
    const changed = await built({ sequence: 3, tree: recorded('warm-one-file') });
    expect(cacheOf(changed.ended.build!)).toEqual(cacheOf(recordedProgress(strategy, 'warm-one-file')));
    const because = changed.ended.build?.steps.map((step) => step.because?.replace(/ from .*/, ''));
    expect(because?.slice(-3)).toEqual([
      ...['the file main.txt changed', 'an earlier step was run again: COPY . .'],
      'the stage build was run again: COPY . .',
    ]);
  });

  it.each<[string, () => Record<string, string>, string, string[]]>([
    [
      'a step that fails',
      () => recorded('failing-run'),
      'step-failed',
      ['Dockerfile line 2, RUN echo before', '\nbefore', '\noops'],
    ],
    ['an instruction that there is not', () => recorded('bad-dockerfile'), 'dockerfile', ['line 2', 'RUNN']],
    ['a base that there is not', () => recorded('missing-base'), 'base-not-found', ['nosuch']],
    ['a file that is not there', () => recorded('missing-copy'), 'file-not-found', ['nothere']],
    ['a Dockerfile that is not there', () => ({ a: 'b' }), 'dockerfile', ['ockerfile']],
  ])('says of %s that the user can mend it', async (_what, tree, code, words) => {
    const { ended, event } = await built({ sequence: 9, tree: tree() });
    expect(ended).toMatchObject({ outcome: 'failure', reason: { code } });
    for (const word of words) expect(ended.reason?.message).toContain(word);
    expect(await harness().world.ledger.read(endKey(event.data.customData.run, 1))).toMatchObject({
      ...{ outcome: 'failure', stage: 'build' },
    });
    expect(await tagged(event)).toBeUndefined();
  });

  it('says so when there is no such stage to build', async () => {
    const { ended } = await built({
      sequence: 10,
      tree: dockerfile('RUN true'),
      build: { strategy, target: 'nosuch' },
    });
    expect(ended).toMatchObject({ outcome: 'failure', reason: { code: 'dockerfile' } });
    expect(ended.reason?.message).toContain('nosuch');
  });

  it('tells what a step printed last, with and without a line end', async () => {
    const lines = ['COPY Dockerfile /a', '# two lines', 'RUN printf "half a" && \\', '  printf " line" && false'];
    const { ended } = await built({ sequence: 11, tree: dockerfile(...lines) });
    expect(ended.reason?.message).toMatch(/^Dockerfile line 4, RUN printf [^]*\nhalf a line$/);
  });

  it('builds the stage, from the file, with the arguments and labels that are asked for', async () => {
    const lines = [
      'ARG LEVEL=1',
      'COPY . /x',
      'RUN test "$LEVEL" = "7 x" && test -e /x/keep',
      `FROM ${base()} AS two`,
      'RUN false',
    ];
    const text = [`FROM ${base()} AS one`, ...lines, ''].join('\n');
    const labels = strategy === 'makisu' ? {} : { labels: { 'example.team': 'a b' } };
    const { ended } = await built({
      ...{ sequence: 12, tree: { 'docker/D.prod': text, 'server/keep': '' } },
      build: {
        strategy,
        dockerfile: 'docker/D.prod',
        context: 'server',
        target: 'one',
        args: { LEVEL: '7 x' },
        ...labels,
      },
    });
    expect(ended).toMatchObject({ outcome: 'success' });
    const reference = parseImageReference(`${ended.image!.repository}@${ended.image!.digest}`);
    const { labels: found } = await imageConfig(harness().world.client, { reference }, unaborted);
    expect(found['example.team']).toBe(strategy === 'makisu' ? undefined : 'a b');
  });

  it('pushes the same image under every further name', async () => {
    const push = [1, 2].map((one) => `${harness().world.registry}/further/${strategy}:${one}`);
    const { ended } = await built({ sequence: 13, tree: dockerfile('RUN echo p > /p'), build: { strategy, push } });
    expect(ended).toMatchObject({ outcome: 'success' });
    for (const name of push) expect((await head(name))?.digest).toBe(ended.image?.digest);
  });

  it('makes a build again without cache, into a place of its own, and says what differs', async () => {
    const tree = dockerfile('RUN echo fixed > /fixed && cat /proc/sys/kernel/random/uuid > /chance');
    const cache = { mode: 'registry' as const, verify: 1 };
    const { event } = await built({ sequence: 20, tree, build: { strategy, cache } });
    const verifying = new VerifyObserver(harness().deps());
    const key = buildVerifiedKey(event.data.customData);
    const isCompared = async () => {
      for (const state of await verifying.list()) {
        await verifying.report(state, unaborted);
        await verifying.mark(state);
      }
      await new Promise((resolve) => setTimeout(resolve, 300));
      return (await harness().world.ledger.read(key)) !== undefined;
    };
    await until('it is compared', isCompared, buildMs);
    expect(await harness().world.ledger.read(key)).toMatchObject({
      ...{ outcome: 'different', count: 1, differences: [{ path: 'chance', what: 'changed' }] },
    });
    expect(await verifying.list()).toEqual([]);
  });
}
