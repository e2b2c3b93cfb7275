import { createHash } from 'node:crypto';
import { stageEndedKey, stageStartedKey } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import { readManifest } from '@keelson/logs';
import type { RunData } from '@keelson/events';
import { at, begin, end, newAsking, runOf, writeLog } from '../fixture.contract';
import { logs } from './logs';

const run = runOf(1);
const test = { stage: 'test', raw: false, follow: false };
const bytes = (text: string) => ({ bytes: Buffer.from(text, 'latin1') });

const started = (ledger: Ledger, of: RunData) =>
  ledger.write(stageStartedKey({ ...of, stage: 'test' }), { stage: 'test', startedAt: at(1) });
const ended = (ledger: Ledger, of: RunData) =>
  ledger.write(stageEndedKey({ ...of, stage: 'test' }), {
    ...{ stage: 'test', outcome: 'success', startedAt: at(1), endedAt: at(2) },
  });

async function newRun(options: Parameters<typeof newAsking>[0] = {}) {
  const asking = await newAsking(options);
  await begin(asking.ledger, run);
  return asking;
}

describe('keelson logs', () => {
  it('shows the output, made harmless', async () => {
    const { asking, ledger, out } = await newRun();
    await started(ledger, run);
    await writeLog(ledger, run, { lines: [bytes('one\u001b[2J'), bytes('two\r')] });
    await logs(asking, 'last', test);
    expect(out.lines).toEqual(['one·[2J', 'two']);
  });

  it('shows when each line came', async () => {
    const { asking, ledger, out } = await newRun();
    await started(ledger, run);
    await writeLog(ledger, run, { lines: [bytes('one')] });
    await logs(asking, 'last', { ...test, times: true });
    expect(out.lines).toEqual(['2026-11-24T10:00:01.000000001Z  one']);
  });

  it('gives the very bytes with --raw: those of the manifest', async () => {
    const { asking, ledger, out } = await newRun();
    await started(ledger, run);
    const pieces = [
      bytes('a\u00ff\u0000'),
      { ...bytes('b'), partial: true },
      bytes('c'),
      { ...bytes('end'), partial: true },
    ];
    await writeLog(ledger, run, { lines: pieces });
    await logs(asking, 'last', { ...test, raw: true });
    expect(out.bytes.toString('latin1')).toBe('a\u00ff\u0000\nbc\nend');
    const manifest = await readManifest({ store: ledger.store, prefix: `logs/${run.run}/1/test/` });
    expect(createHash('sha256').update(out.bytes).digest('hex')).toBe(manifest?.sha256);
  });

  it('names what is missing', async () => {
    const { asking, ledger, problems } = await newRun();
    await started(ledger, run);
    const writer = await writeLog(ledger, run, { lines: [bytes('one')], isSealed: false });
    await writer.gap({ reason: 'the machine was gone' });
    await writer.seal();
    await logs(asking, 'last', test);
    expect(problems.lines).toEqual([
      expect.stringMatching(/^keelson: a part of this log is missing from .*the machine was gone/),
    ]);
  });

  it('says that a test printed nothing', async () => {
    const { asking, ledger, out, problems } = await newRun();
    await started(ledger, run);
    await writeLog(ledger, run, { lines: [] });
    await logs(asking, 'last', test);
    expect([out.lines, problems.lines]).toEqual([[], [expect.stringMatching(/attempt 1 of .* printed nothing$/)]]);
  });

  it('waits for the end with -f', async () => {
    const { asking, ledger, out, problems } = await newRun();
    await started(ledger, run);
    const writer = await writeLog(ledger, run, { lines: [bytes('one')], isSealed: false });
    const followed = logs(asking, 'last', { ...test, follow: true });
    while (out.lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await writer.write({ time: '2026-11-24T10:00:02.000000000Z', ...bytes('two') });
    await writer.seal();
    await followed;
    expect(out.lines).toEqual(['one', 'two']);
    expect(problems.lines).toEqual([expect.stringMatching(/none is running .* waiting for the next `keelson up`/)]);
  });

  it('does not wait for ever: a test that was stopped before it began has no log', async () => {
    const { asking, ledger, out } = await newRun();
    const followed = logs(asking, 'last', { ...test, follow: true });
    await end(ledger, run, { outcome: 'cancel', reason: { code: 'cancelled', message: 'somebody asked' } });
    await followed.catch((error: unknown) => expect(String(error)).toMatch(/has no test output: somebody asked/));
    expect(out.lines).toEqual([]);
  });

  it('ends when nobody seals the log of a test that has ended', async () => {
    const { asking, ledger, out } = await newRun();
    await started(ledger, run);
    const writer = await writeLog(ledger, run, { lines: [bytes('one')], isSealed: false });
    await writer.close();
    const followed = logs(asking, 'last', { ...test, follow: true });
    await ended(ledger, run);
    await end(ledger, run, { outcome: 'error', reason: { code: 'lost', message: 'lost' } });
    await followed;
    expect(out.lines).toEqual(['one']);
  });

  it('ends at once when it is told to', async () => {
    const interrupted = new AbortController();
    const { asking, ledger } = await newRun({ signal: interrupted.signal });
    await started(ledger, run);
    const followed = logs(asking, 'last', { ...test, follow: true });
    interrupted.abort();
    await expect(followed).rejects.toBe(interrupted.signal.reason);
  });

  it.each([
    ['a stage that there is not', { ...test, stage: 'deploy' }, /no stage "deploy": it is one of source, build/],
    ['a stage without output', { ...test, stage: 'build' }, /build stage has no output here; `keelson show/],
    ['an attempt that there is not', { ...test, attempt: 3 }, /has no attempt 3; it has 1/],
    ['output that is not there yet', test, /has no test output yet; -f waits for it/],
  ])('refuses %s', async (_what, options, message) => {
    const { asking } = await newRun();
    await expect(logs(asking, 'last', options)).rejects.toThrow(message);
  });
});
