import type { WorkKey } from '@keelson/events';
import { buildVerifiedKey, manifestKey, refusedKey, stageEndedKey } from '@keelson/ledger';
import type { Ledger, StageEnded } from '@keelson/ledger';
import { manifestRecord, refusedRecord, SealingKey } from '@keelson/pipeline';
import { at, begin, digest, end, newAsking, runOf } from '../fixture.contract';
import { runs } from './runs';
import { show } from './show';

const run = runOf(1);
const ended = (ledger: Ledger, key: Pick<WorkKey, 'attempt' | 'stage'>, more: Partial<StageEnded> = {}) =>
  ledger.write(stageEndedKey({ run: run.run, ...key }), {
    ...{ stage: key.stage, outcome: 'success', startedAt: at(1), endedAt: at(2), ...more },
  });

async function recorded(isJson: boolean) {
  const asking = await newAsking({ isJson });
  const { ledger } = asking;
  await begin(ledger, run);
  await ended(
    ledger,
    { attempt: 1, stage: 'source' },
    { snapshot: { reference: `r/widget-source@${digest}`, digest } },
  );
  await ended(
    ledger,
    { attempt: 1, stage: 'build' },
    { image: { repository: 'r/widget', digest, tags: ['main-1-aaaaaaaaaaaa'] } },
  );
  await ended(
    ledger,
    { attempt: 1, stage: 'test' },
    { outcome: 'error', reason: { code: 'lost', message: 'lost\nfor good' } },
  );
  await end(ledger, run, { outcome: 'error', reason: { code: 'lost', message: 'lost\nfor good' } });
  await begin(ledger, { ...run, attempt: 2 }, at(7));
  await ended(
    ledger,
    { attempt: 2, stage: 'test' },
    {
      log: { lines: 2, bytes: 9, sha256: '5'.repeat(64), complete: true },
      artifacts: [{ path: 'dist/a\nb', sizeBytes: 3, key: 'k', segments: 1 }],
      exitCode: 0,
    },
  );
  await end(ledger, { ...run, attempt: 2 }, { outcome: 'success' });
  return asking;
}

describe('keelson show', () => {
  it('tells machines all that is known, also what an earlier attempt made', async () => {
    const { asking, out } = await recorded(true);
    await show(asking, 'last');
    const shown = JSON.parse(out.lines[0]!) as Record<string, unknown>;
    expect(shown).toMatchObject({
      ...{ run: run.run, source: run.source, ref: run.ref, commit: run.commit, sequence: 1 },
      ...{ outcome: 'success', reason: null, attempt: 2, startedAt: at(0), endedAt: at(9) },
      image: { reference: `r/widget@${digest}`, digest, tags: ['main-1-aaaaaaaaaaaa'] },
      snapshot: { digest },
      log: { lines: 2, bytes: 9, sha256: '5'.repeat(64), complete: true },
      artifacts: [{ path: 'dist/a\nb', sizeBytes: 3 }],
      stages: [{ stage: 'test', outcome: 'success', startedAt: at(1), endedAt: at(2), tookMs: 1000, exitCode: 0 }],
      attempts: [
        { attempt: 1, outcome: 'error' },
        { attempt: 2, outcome: 'success' },
      ],
    });
  });

  it('says null of what is not there', async () => {
    const { asking, ledger, out } = await newAsking({ isJson: true });
    await begin(ledger, run);
    await show(asking, 'last');
    expect(JSON.parse(out.lines[0]!)).toMatchObject({
      ...{ outcome: 'running', reason: null, endedAt: null, image: null, snapshot: null, log: null },
      ...{ stages: [], artifacts: [] },
    });
  });

  it('shows what a Job template was rendered to, as it is kept for people', async () => {
    const { asking, ledger, out } = await newAsking({ isJson: false });
    await begin(ledger, run);
    const sealed = new SealingKey(Buffer.alloc(32)).seal('a: hunter2', 'x');
    const record = { file: 'ci.yaml', text: '# a\r\na: (masked)\u001b[2J\n', sealed };
    await ledger.write(manifestKey(run.run, 'build', manifestRecord), record);
    await show(asking, 'last', { rendered: 'build' });
    expect(out.lines).toEqual(['# a', 'a: (masked)\u00b7[2J']);
    for (const rendered of ['test', 'nothing']) {
      await expect(show(asking, 'last', { rendered })).rejects.toThrow(`no rendered Job template for "${rendered}"`);
    }
    const machine = await newAsking({ isJson: true });
    await begin(machine.ledger, run);
    await machine.ledger.write(manifestKey(run.run, 'build', manifestRecord), record);
    await show(machine.asking, 'last', { rendered: 'build' });
    expect(JSON.parse(machine.out.lines[0]!)).toEqual({ file: 'ci.yaml', text: record.text });
  });

  it('shows what was refused, of the last attempt, where nothing was accepted', async () => {
    const { asking, ledger, out } = await newAsking({ isJson: true });
    for (const attempt of [1, 2]) {
      await begin(ledger, { ...run, attempt });
      const key = refusedKey({ run: run.run, attempt, stage: 'test' }, refusedRecord);
      await ledger.write(key, { file: 'ci.yaml', text: `a: ${attempt}\n` });
    }
    await show(asking, 'last', { rendered: 'test' });
    expect(JSON.parse(out.lines[0]!)).toEqual({ file: 'ci.yaml', text: 'a: 2\n', refused: true });
  });

  it('tells people the same, each attempt by itself, harmless and in lines', async () => {
    const { asking, out } = await recorded(false);
    await show(asking, 'last');
    expect(out.lines).toEqual([
      expect.stringMatching(/^run {7}\S+ {2}01931f0e/),
      'source    /srv/widget',
      'ref       refs/heads/main  change 1',
      `commit    ${run.commit}`,
      'outcome   success',
      '',
      'attempt   1  error: lost',
      '          for good',
      `  source  success        1.0 s  ${at(1)}`,
      `  build   success        1.0 s  ${at(1)}`,
      `  test    error          1.0 s  ${at(1)}`,
      `snapshot  r/widget-source@${digest}`,
      `image     r/widget@${digest}`,
      'tags      main-1-aaaaaaaaaaaa',
      '',
      'attempt   2  success',
      `  test    success        1.0 s  ${at(1)}`,
      `log       2 lines, 9 bytes, complete, sha256:${'5'.repeat(64)}`,
      'artifact  dist/a',
      '          b  3 bytes',
    ]);
  });
});

describe('keelson runs', () => {
  it('lists the newest last, one line each', async () => {
    const { asking, ledger, out } = await recorded(false);
    await begin(ledger, runOf(2));
    await end(ledger, runOf(2), { outcome: 'failure', reason: { code: 'exit-code', message: 'exit code 3\nmore' } });
    await runs(asking, { limit: 20 });
    expect(out.lines.map((line) => line.slice(17))).toEqual([
      '  success        2.0 s  main aaaaaaaaaaaa  /srv/widget  attempt 2',
      '  failure        9.0 s  main aaaaaaaaaaaa  /srv/widget  exit code 3',
    ]);
  });

  it('says how many it left out', async () => {
    const { asking, ledger, out, problems } = await newAsking();
    for (const number of [1, 2, 3]) await begin(ledger, runOf(number));
    await runs(asking, { limit: 2 });
    expect([out.lines.length, problems.lines]).toEqual([2, ['1 older ones are not listed; -n 0 lists all']]);
    await runs(asking, { limit: 0 });
    expect(out.lines).toHaveLength(5);
  });

  it('says what to do when there are none', async () => {
    const { asking, out, problems } = await newAsking();
    await runs(asking, { limit: 20 });
    expect([out.lines, problems.lines]).toEqual([[], ['no runs yet; `keelson up` makes some']]);
  });

  it('prints nothing but JSON for machines', async () => {
    const { asking, out, problems } = await newAsking({ isJson: true });
    await runs(asking, { limit: 20 });
    expect([out.lines, problems.lines]).toEqual([[], []]);
  });

  it('tells people which steps of a Dockerfile were run again, and why', async () => {
    const { asking, out } = await newAsking({ isJson: false });
    await begin(asking.ledger, run);
    const steps = [
      { stage: 'build', text: 'COPY go.mod ./', cache: 'hit' as const },
      { stage: 'build', text: 'COPY . .', cache: 'miss' as const, because: 'the file main.go changed' },
    ];
    const bases = [{ reference: 'debian:12', digest }];
    const build = { strategy: 'kaniko', steps, bases, bytes: { pushed: 10, skipped: 90 } };
    await ended(asking.ledger, { attempt: 1, stage: 'build' }, { build });
    await show(asking, run.run);
    expect(out.bytes.toString()).toContain(
      [
        `base      debian:12  ${digest}`,
        'step      hit  COPY go.mod ./',
        'step      miss COPY . .',
        '               the file main.go changed',
        'layers    10 bytes new, 90 bytes as in the image before',
      ].join('\n'),
    );
  });

  it('tells people what a build without cache found, as far as a page goes', async () => {
    const { asking, out } = await newAsking({ isJson: false });
    await begin(asking.ledger, run);
    await asking.ledger.write(buildVerifiedKey(run), {
      ...{ outcome: 'different', count: 101, verifiedAt: at(9) },
      differences: [
        { path: 'etc/pass\nwd', what: 'changed' },
        { path: 'out', what: 'only-uncached' },
      ],
    });
    await show(asking, run.run);
    expect(out.bytes.toString()).toContain(
      [
        'verified  101 paths differ from a build without cache',
        '          another content, mode or owner: "etc/pass\\nwd"',
        '          only in the other one: "out"',
        '          and 99 more',
      ].join('\n'),
    );
  });
});
