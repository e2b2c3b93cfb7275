import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { processIdentity } from '@keelson/process';
import { follow, jobSpec, run, sh, stateOf, textsOf, until, untilEnded } from './jobs-harness.contract';
import { compiled, processHarness, supervisorsOf } from './process-harness.contract';
import type { ProcessHarness } from './process-harness.contract';

describe('the start of a job as a child process', () => {
  const code = compiled();
  let harness: ProcessHarness;

  beforeAll(async () => {
    harness = await processHarness(code.supervisorPath);
  });
  afterAll(async () => {
    await harness.end();
    rmSync(code.directory, { recursive: true });
  });

  it('throws what the source throws, leaves nothing behind, and starts the next time', async () => {
    class NoSourceError extends Error {}
    let tries = 0;
    const materialise = async (_image: string, into: string) => {
      writeFileSync(path.join(into, 'half'), '');
      tries += 1;
      if (tries === 1) throw new NoSourceError('not built here');
    };
    const other = await harness.open({ materialise });
    const spec = jobSpec(harness, sh('ls'));
    await expect(other.ensure(spec)).rejects.toThrow(NoSourceError);
    expect(await stateOf(other, spec.name)).toBeUndefined();
    expect(await other.ensure(spec)).toBe('created');
    await untilEnded(other, spec.name);
    expect(await textsOf(other, spec.name)).toEqual(['half']);
  });

  it('keeps the supervisor whose job did not come, for the next job', async () => {
    const { directory, supervisorPath } = compiled();
    let tries = 0;
    const materialise = async () => {
      tries += 1;
      if (tries < 4) throw new Error('not yet');
    };
    const other = await harness.open({ materialise, supervisorPath });
    const spec = jobSpec(harness, sh('echo $PPID'));
    await expect(other.ensure(spec)).rejects.toThrow('not yet');
    const first = supervisorsOf(supervisorPath);
    for (const _ of [2, 3]) await expect(other.ensure(spec)).rejects.toThrow('not yet');
    await run(other, spec);
    expect((await textsOf(other, spec.name)).map(Number)).toEqual(first);
    await other.close();
    rmSync(directory, { recursive: true });
  });

  it('leaves nothing behind when the caller gives up before the start', async () => {
    const giveUp = new AbortController();
    const materialise = async (_image: string, _into: string, signal: AbortSignal) => {
      giveUp.abort(new Error('enough'));
      signal.throwIfAborted();
    };
    const other = await harness.open({ materialise });
    const spec = jobSpec(harness, sh('exit 0'));
    await expect(other.ensure(spec, giveUp.signal)).rejects.toThrow('enough');
    expect(await stateOf(other, spec.name)).toBeUndefined();
  });

  it('waits for a job of the same name to be gone', async () => {
    const other = await harness.open();
    const spec = jobSpec(harness, sh('trap "" TERM; echo up; while :; do sleep 0.05; done'));
    await other.ensure(spec);
    const lines = follow(other, spec.name);
    await lines.next();
    await lines.end();
    const removed = other.remove(spec.name);
    expect(await other.ensure(spec)).toBe('deleting');
    await removed;
    expect(await other.ensure({ ...spec, command: ['true'] })).toBe('created');
    expect((await untilEnded(other, spec.name)).end).toEqual({ kind: 'exited', code: 0 });
  });

  it('stops a job that is still being started', async () => {
    const materialise = (_image: string, _into: string, signal: AbortSignal) =>
      new Promise<void>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const other = await harness.open({ materialise });
    const spec = jobSpec(harness, sh('echo never'));
    const ensured = other.ensure(spec);
    await until('it waits', async () => (await stateOf(other, spec.name))?.phase === 'waiting');
    await other.stop(spec.name);
    expect(await ensured).toBe('created');
    expect((await stateOf(other, spec.name))?.end).toEqual({ kind: 'signalled', signal: 'SIGTERM', stopped: true });
    expect(await textsOf(other, spec.name)).toEqual([]);
  });

  it('ends its supervisors, and stops its jobs, when it is closed', async () => {
    const other = await harness.open({ stopGraceMs: 30_000 });
    await other.warm();
    const spec = jobSpec(harness, sh('echo $PPID; sleep 600'));
    await other.ensure(spec);
    const lines = follow(other, spec.name);
    const supervisor = Number(await lines.next());
    await lines.end();
    await other.close();
    await other.close();
    await until('they are gone', () => processIdentity(supervisor) === undefined);
    expect((await stateOf(await harness.open(), spec.name))?.end).toEqual({
      kind: 'signalled',
      signal: 'SIGTERM',
      stopped: true,
    });
  });
});
