import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newRunId } from '@keelson/events';
import type { RunData } from '@keelson/events';
import { DirObjectStore } from '@keelson/objects';
import { account } from './account';
import { keepArtifact, readArtifact } from './artifacts';
import { segment, unsegment } from './key';
import { beginKey, changeKey, endKey, imageKey, openKey, stageEndedKey } from './keys';
import { CorruptRecordError, Ledger } from './ledger';
import type { ChangeRecord } from './records';
import { endRun } from './run-end';
import { runName } from './run-name';
import { viewRun } from './run-view';
import { endOf, settled } from './settle';

const at = '2026-11-24T10:00:00.000Z';
const image = { repository: 'localhost:7070/widget', digest: `sha256:${'d'.repeat(64)}`, tags: [] };

let directory: string;
let ledger: Ledger;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'keelson-ledger-'));
  ledger = new Ledger(await DirObjectStore.open(directory));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Records a change of `main`. */
async function change(sequence: number, more: Partial<ChangeRecord> = {}): Promise<RunData> {
  const run = newRunId();
  const commit = String(sequence).padStart(40, '0');
  const record: ChangeRecord = {
    ...{ run, name: runName(run), source: '/srv/a b', ref: 'refs/heads/main', sequence, kind: 'advanced', commit },
    ...{ previous: null, contained: [], seenAt: at, ...more },
  };
  await ledger.write(changeKey(record.source, record.ref, sequence), record);
  return { run, attempt: 1, source: record.source, ref: record.ref, commit, sequence };
}

const work = (run: RunData, service = 'test-runner') => ({ run, stage: 'test' as const, service, now: at });
const end = (run: RunData, ...how: [Parameters<typeof endOf>[1], Parameters<typeof endOf>[2]?]) =>
  endRun(ledger, endOf(work(run), ...how));
const built = (run: RunData) =>
  ledger.write(stageEndedKey({ ...run, stage: 'build' }), {
    stage: 'build',
    outcome: 'success',
    startedAt: at,
    endedAt: at,
    image,
  });

describe('keys', () => {
  it.each(['..', '.', 'a/b', 'https://host/x?y=z#%2F', '.hidden', 'späth\n'])(
    'keeps %j as one segment and gives it back',
    (text) => {
      expect(segment(text)).not.toMatch(/^\.|[/\n]/);
      expect(unsegment(segment(text))).toBe(text);
    },
  );

  it('orders sequence numbers as numbers', () => {
    const paths = [2, 10, 1].map((sequence) => changeKey('s', 'r', sequence).path);
    expect([...paths].sort()).toEqual([paths[2], paths[0], paths[1]]);
  });
});

describe('the ledger', () => {
  it('lets the first writer win, and tells the second what stands', async () => {
    const run = await change(1);
    const key = endKey(run.run, 1);
    const [one, two] = [endOf(work(run), 'success'), endOf(work(run), 'failure')];
    expect(await ledger.write(key, one)).toEqual({ record: one, ours: true });
    expect(await ledger.write(key, two)).toEqual({ record: one, ours: false });
  });

  it('refuses a record that is not what its key says, naming the key', async () => {
    await ledger.store.put(endKey('x', 1).path, Buffer.from('{"outcome":"fine"}'));
    await expect(ledger.read(endKey('x', 1))).rejects.toThrow(CorruptRecordError);
    await expect(ledger.read(endKey('x', 1))).rejects.toThrow(/runs\/x\/1\/end\.json/);
  });

  it('finds the newest change, also one that another process wrote meanwhile', async () => {
    await change(1);
    expect((await ledger.newestChange('/srv/a b', 'refs/heads/main'))?.sequence).toBe(1);
    await change(2);
    await change(3);
    expect((await ledger.newestChange('/srv/a b', 'refs/heads/main'))?.sequence).toBe(3);
    expect(await ledger.newestChange('/srv/a b', 'refs/heads/other')).toBeUndefined();
  });

  it('finds the runs that built an image under any name', async () => {
    const run = newRunId();
    await ledger.write(imageKey('localhost:7070/a', image.digest, run), {
      run,
      attempt: 1,
      ...image,
      repository: 'localhost:7070/a',
    });
    expect(await ledger.runsOfImage(image.digest)).toEqual([run]);
    expect(await ledger.runsOfImage(`sha256:${'e'.repeat(64)}`)).toEqual([]);
  });
});

describe('whether a stage may work', () => {
  it('is open for the newest change, and superseded for older ones', async () => {
    const [older, newer] = [await change(1), await change(2)];
    expect(await ledger.standing(newer)).toEqual({ kind: 'open' });
    expect(await ledger.standing(older)).toMatchObject({ kind: 'superseded', by: { sequence: 2 } });
  });

  it('ends a superseded run once, and whoever ended it tells it again', async () => {
    const older = await change(1);
    await change(2);
    const told = await settled(ledger, work(older));
    expect(told).toHaveLength(1);
    expect(told?.[0]?.data.customData).toMatchObject({ outcome: 'cancel', reason: { code: 'superseded' } });
    expect(await settled(ledger, work(older))).toEqual(told);
    expect(await settled(ledger, work(older, 'bootstrapper'))).toEqual([]);
  });

  it('does not supersede an attempt that somebody asked for', async () => {
    const run = { ...(await change(1)), attempt: 2 };
    await change(2);
    await ledger.write(beginKey(run.run, 2), { ...run, name: 'x', from: 'test', openedBy: 'command', openedAt: at });
    expect(await ledger.standing(run)).toEqual({ kind: 'open' });
  });

  it('is not superseded by the disappearance of its branch', async () => {
    const run = await change(1);
    await change(2, { commit: null, kind: 'deleted' });
    expect(await ledger.standing(run)).toEqual({ kind: 'open' });
  });
});

describe('the end of an attempt', () => {
  it('is published by whoever wrote it, and by nobody else', async () => {
    const run = await change(1);
    const first = await end(run, 'success');
    expect(first).toHaveLength(1);
    expect(await endRun(ledger, endOf(work(run, 'bootstrapper'), 'failure'))).toEqual([]);
    expect(await end(run, 'failure')).toEqual(first);
  });
});

describe('the account', () => {
  it('gives every commit one fate', async () => {
    const green = await change(1, { contained: ['a'.repeat(40), 'b'.repeat(40)] });
    await built(green);
    await end(green, 'success');
    await end(await change(2), 'failure', { code: 'exit-code', message: 'x' });
    await end(await change(3), 'cancel', { code: 'superseded', message: 'x' });
    await end(await change(4), 'cancel', { code: 'skipped', message: 'x' });
    await end(await change(5), 'cancel', { code: 'cancelled', message: 'x' });
    await end(await change(6), 'error', { code: 'parked', message: 'x' });
    await end(await change(7), 'error', { code: 'lost', message: 'x' });
    await change(8);
    await change(9, { commit: null, kind: 'deleted' });
    expect(await account(ledger)).toEqual({
      seen: 10,
      fates: {
        built: 1,
        contained: 2,
        superseded: 1,
        skipped: 1,
        failed: 1,
        error: 1,
        cancelled: 1,
        parked: 1,
        running: 1,
      },
      deletions: 1,
      unexplained: [],
      balanced: true,
    });
  });

  it('names a change record that is missing', async () => {
    await change(1);
    await change(3);
    const { balanced, unexplained } = await account(ledger);
    expect({ balanced, unexplained }).toMatchObject({
      balanced: false,
      unexplained: [{ sequence: 2, ref: 'refs/heads/main' }],
    });
  });

  it.each(['publish', 'test'] as const)('knows that a run from %s on had its image before', async (from) => {
    const pushed = { ...(await change(1, { commit: 'e'.repeat(64) })), commit: 'e'.repeat(64) };
    await ledger.write(beginKey(pushed.run, 1), { ...pushed, name: 'a', from, openedBy: 'x', openedAt: at });
    await end(pushed, 'success');
    expect(await account(ledger)).toMatchObject({ balanced: true, fates: { built: 1 } });
  });

  it('does not believe a green run without an image', async () => {
    await end(await change(1), 'success');
    expect(await account(ledger)).toMatchObject({ balanced: false, fates: { built: 0 } });
  });
});

describe('the view of a run', () => {
  it('joins attempts, stages and evidence', async () => {
    const run = await change(1);
    await ledger.write(beginKey(run.run, 1), {
      ...run,
      name: 'calm-otter-42',
      from: 'source',
      openedBy: 'bootstrapper',
      openedAt: at,
    });
    await built(run);
    expect(await viewRun(ledger, run.run)).toMatchObject({ outcome: 'running', attempts: [{ attempt: 1, image }] });
    await end(run, 'cancel', { code: 'skipped', message: 'no file' });
    expect(await viewRun(ledger, run.run)).toMatchObject({
      name: 'calm-otter-42',
      outcome: 'skipped',
      commit: run.commit,
    });
    expect(await viewRun(ledger, newRunId())).toBeUndefined();
  });
});

describe('open work', () => {
  it('is listed oldest first until it is closed', async () => {
    const runs = [await change(1), await change(2)];
    for (const run of [...runs].reverse()) {
      const [event] = await end(run, 'success');
      await ledger.write(openKey('test-runner', { ...run, stage: 'test' }), { event: event!, openedAt: at });
    }
    const ids = async () => (await ledger.open('test-runner')).map(({ event }) => event.data.context.chainId);
    expect(await ids()).toEqual(runs.map(({ run }) => run));
    await ledger.close(openKey('test-runner', { ...runs[0]!, stage: 'test' }));
    expect(await ids()).toEqual([runs[1]!.run]);
  });
});

describe('artifacts', () => {
  it.each([0, 1, 8 * 1024 * 1024, 8 * 1024 * 1024 + 1])('keeps %i bytes as they are', async (sizeBytes) => {
    const bytes = Buffer.alloc(sizeBytes, 'xyz');
    const pieces = async function* () {
      for (let start = 0; start < bytes.byteLength; start += 3_000_000) yield bytes.subarray(start, start + 3_000_000);
    };
    const kept = await keepArtifact(ledger.store, { run: 'r', attempt: 1, path: '../odd name' }, pieces());
    expect(kept).toMatchObject({ path: '../odd name', sizeBytes });
    const chunks = [];
    for await (const chunk of readArtifact(ledger.store, kept)) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  });
});
