import { changeKey } from '@keelson/ledger';
import type { RunView } from '@keelson/ledger';
import { describeOn } from '@keelson/testbed';
import { testbedBuilders } from '../../apps/image-builder/src/testbed-builders.contract';
import { keelson, until } from '../support/keelson';
import { expectBalanced, outputOf, runViews } from './support/expect-run';
import { FiveServices } from './support/five-services';
import { MovingBase } from './support/moving-base';
import type { ServedRepository } from './support/served-repository';

jest.setTimeout(600_000);

type OnBaseLine = { source: string; onBase: string; state: string; digest: string; builtOn: string | null };

const policies = ['rebuild', 'rebuild', 'report', 'ignore'] as const;
const names = ['widget', 'gadget', 'reporter', 'ignorer'] as const;

describeOn(['amqp', 'rabbitApi', 's3', 'registry', 'kubeconfig', 'hostIp'])('Dockerfiles on a cluster', () => {
  let five: FiveServices;
  let base: MovingBase;

  async function prepare(repositories: readonly string[], settings: Record<string, string> = {}): Promise<void> {
    const builders = JSON.stringify(await testbedBuilders());
    five = await FiveServices.prepare({ repositories, settings: { KEELSON_BUILDERS: builders, ...settings } });
    base = new MovingBase(five.own.name);
  }
  afterEach(async () => {
    await base.client.close();
    await five.close();
  });

  const ask = (...args: string[]) => keelson(args, { env: five.own.environment });

  /** A repository whose image has what its base says, what a step made of it and its own source. */
  function write(
    repository: ServedRepository,
    { text, more = '', last = [] }: { text: string; more?: string; last?: readonly string[] },
  ): void {
    const steps = ['COPY go.mod ./', 'RUN cat /base.txt > /from-base.txt', 'COPY . .', 'RUN cat main.txt > /out.txt'];
    steps.push(...last);
    repository.write('Dockerfile', [`FROM ${base.reference}`, 'WORKDIR /src', ...steps, ''].join('\n'));
    repository.write('.dockerignore', '.keelson.yaml\n');
    repository.write('go.mod', 'module x\n');
    repository.write('main.txt', text);
    repository.write(
      '.keelson.yaml',
      `image: { name: ${repository.name} }\nbuild: { strategy: buildkit }\ntest: { command: [cat, /from-base.txt, /out.txt] }\n${more}`,
    );
  }

  it('become tested images, and of the next commit it is told which step was run again, and why', async () => {
    await prepare(['widget']);
    const [repository] = five.repositories;
    const digest = await base.push('a base\n');
    write(repository!, { text: 'one\n' });
    repository!.push();
    await five.start();
    const [first] = await five.untilEnded(1);
    expect(first).toMatchObject({ outcome: 'success' });
    const { build, image } = first!.attempts[0]!;
    expect(build).toMatchObject({ strategy: 'buildkit', bases: [{ reference: base.reference, digest }] });
    expect(build!.steps.map(({ cache }) => cache)).toEqual(Array(5).fill('miss'));
    expect(await base.has(image!)).toBe(true);
    expect(await outputOf(five.own, first!)).toBe('a base\none\n');

    write(repository!, { text: 'two\n' });
    const commit = repository!.push();
    const [, second] = await five.untilEnded(2);
    expect(second).toMatchObject({ commit, outcome: 'success' });
    expect(await outputOf(five.own, second!)).toBe('a base\ntwo\n');
    const shown = await ask('show', 'last');
    expect(shown.stdout.split('\n').filter((line) => /^step|^ {15}/.test(line))).toEqual([
      'step      hit  WORKDIR /src',
      'step      hit  COPY go.mod ./',
      'step      hit  RUN cat /base.txt > /from-base.txt',
      'step      miss COPY . .',
      expect.stringMatching(/^ {15}the file main\.txt changed from [0-9a-f]+ to [0-9a-f]+$/),
      'step      miss RUN cat main.txt > /out.txt',
      '               an earlier step was run again: COPY . .',
    ]);
    expect(shown.stdout).toMatch(/^layers {4}\d+ bytes new, \d+ bytes as in the image before$/m);
    await expectBalanced(five.own, 2);
  });

  /** A rebuild takes long enough for a commit to pass it, on any machine. */
  const slowRebuild = `RUN [ "$(cat /base.txt main.txt | tr -d '\\n')" != newone ] || sleep 20`;

  it('are built again on a base that moves as their pipelines say, a few in a minute; a commit passes its rebuild', async () => {
    await prepare(names, {
      ...{ KEELSON_BASE_INTERVAL: '1s', KEELSON_REBUILDS_PER_MINUTE: '1' },
      ...{ KEELSON_BUILD_LIMIT: '4', KEELSON_CANCEL_RUNNING: 'true' },
    });
    const from = await base.push('old\n');
    five.repositories.forEach((repository, at) => {
      write(repository, { text: 'one\n', more: `onBase: ${policies[at]!}\n`, last: [slowRebuild] });
      repository.push();
    });
    await five.start();
    await five.untilEnded(4);
    const to = await base.push('new\n');

    const rebuilds = async () => (await runViews(five.own)).filter(({ rebuiltFor }) => rebuiltFor !== undefined);
    const untilRebuilds = (count: number, timeoutMs: number) =>
      until(async () => (await rebuilds()).length >= count, {
        ...{ timeoutMs, what: () => `${count} rebuilds:\n${five.said()}` },
      });
    await untilRebuilds(1, 60_000);
    const [passed] = await rebuilds();
    const other = passed!.source.endsWith('/widget.git') ? 'gadget' : 'widget';
    expect(await states()).toMatchObject({ [other]: 'queued' });
    expect(passed!.rebuiltFor).toEqual([{ reference: base.reference, from, to }]);
    const isOf = (source: string) => (repository: ServedRepository) => source.endsWith(`/${repository.name}.git`);
    const repository = five.repositories.find(isOf(passed!.source))!;
    write(repository, { text: 'two\n', more: 'onBase: rebuild\n', last: [slowRebuild] });
    const commit = repository.push();
    await five.untilEnded(6);
    const passedState = { [repository.name]: 'current', reporter: 'behind', ignorer: 'behind' };
    expect(await states()).toEqual({ ...passedState, [other]: expect.stringMatching(/^(queued|current|behind)$/) });
    expect(five.service('registry-poller').stderr).toMatch(
      /moved to sha256:[0-9a-f]+; built on what it was before: \S+\/reporter\.git\^/,
    );
    expect(five.service('registry-poller').stderr).not.toContain('ignorer.git^');

    await untilRebuilds(2, 100_000);
    const runs = await five.untilEnded(7);
    const [old, again] = runs.filter(({ rebuiltFor }) => rebuiltFor !== undefined);
    expect(old).toMatchObject({ run: passed!.run, outcome: 'cancel', reason: { code: 'superseded' } });
    expect(again).toMatchObject({ outcome: 'success', rebuiltFor: [{ reference: base.reference, from, to }] });
    expect(again!.source).not.toBe(old!.source);
    expect((await seenAtMs(again!)) - (await seenAtMs(old!))).toBeGreaterThanOrEqual(60_000);
    const newest = runs.find((run) => run.commit === commit);
    expect(newest).toMatchObject({ outcome: 'success' });
    expect(await outputOf(five.own, newest!)).toBe('new\ntwo\n');
    expect(await outputOf(five.own, again!)).toBe('new\none\n');
    expect(Object.values(await states()).sort()).toEqual(['behind', 'behind', 'current', 'current']);
    // Nothing more comes of this move.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await runViews(five.own)).toHaveLength(7);
    expect(await five.own.parked()).toEqual([]);
  });

  async function seenAtMs({ source, ref, sequence }: RunView): Promise<number> {
    const change = await (await five.own.ledger()).read(changeKey(source, ref, sequence));
    return Date.parse(change!.seenAt);
  }

  /** Of each repository, how its image stands to the base. */
  async function states(): Promise<Record<string, string>> {
    const { stdout } = await ask('bases', '--json');
    const lines = stdout.split('\n').filter(Boolean);
    const all = lines.map((line) => JSON.parse(line) as OnBaseLine);
    return Object.fromEntries(all.map(({ source, state }) => [/([^/]+)\.git$/.exec(source)?.[1] ?? source, state]));
  }
});
