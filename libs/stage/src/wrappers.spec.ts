import { getEventListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { composeEvent, eventTypes, newRunId } from '@keelson/events';
import { again, emit, TerminalError } from './stage';
import type { Stage } from './stage';
import { StageTimeoutError, withDeadline, withTimeout } from './wrappers';

const run = newRunId();
const cancelled = composeEvent({
  type: eventTypes.runCancelled,
  work: { run, attempt: 1, stage: 'source' },
  service: 'keelson',
  subjectId: run,
  content: {},
  customData: { run },
  time: '2026-01-01T00:00:00Z',
});
type Cancelled = typeof cancelled;
const never = new AbortController().signal;

describe('withTimeout', () => {
  it('gives up on a stage that does not answer, and aborts its signal', async () => {
    let seen: AbortSignal | undefined;
    const stage: Stage<Cancelled> = (_, signal) => {
      seen = signal;
      return new Promise(() => undefined);
    };
    await expect(withTimeout(stage, 5)(cancelled, never)).rejects.toThrow(StageTimeoutError);
    expect(seen?.aborted).toBe(true);
  });

  it('names the event and the time', async () => {
    const stage: Stage<Cancelled> = (_, signal) => pause(60_000, emit(), { signal });
    await expect(withTimeout(stage, 5)(cancelled, never)).rejects.toThrow(
      `${cancelled.type} ${cancelled.id}: not answered within 5 ms`,
    );
  });

  it('passes on the answer and the error of a stage that is in time', async () => {
    await expect(withTimeout<Cancelled>(async () => again('1s', 'why'), 60_000)(cancelled, never)).resolves.toEqual(
      again('1s', 'why'),
    );
    const failing: Stage<Cancelled> = () => Promise.reject(new TerminalError('no'));
    await expect(withTimeout(failing, 60_000)(cancelled, never)).rejects.toThrow(TerminalError);
  });

  it('passes on the signal from outside, and listens to it no longer than the stage runs', async () => {
    const outer = new AbortController();
    const stage: Stage<Cancelled> = (_, signal) => pause(60_000, emit(), { signal });
    const answer = withTimeout(stage, 60_000)(cancelled, outer.signal);
    outer.abort(new Error('stopping'));
    await expect(answer).rejects.toMatchObject({ name: 'AbortError', cause: new Error('stopping') });
    expect(getEventListeners(outer.signal, 'abort')).toEqual([]);
  });
});

describe('withDeadline', () => {
  const waiting: Stage<Cancelled> = async () => again('10s', 'the registry is away');
  const at = (now: number, deadlineMs: number | undefined, stage = waiting) =>
    withDeadline(stage, { deadlineMsOf: () => deadlineMs, clock: () => now })(cancelled, never);

  it('lets a stage wait before the deadline, and for ever without one', async () => {
    await expect(at(999, 1000)).resolves.toEqual(again('10s', 'the registry is away'));
    await expect(at(999, undefined)).resolves.toEqual(again('10s', 'the registry is away'));
  });

  it('ends the waiting at the deadline with what was waited for', async () => {
    const late = at(1000, 1000);
    await expect(late).rejects.toThrow(TerminalError);
    await expect(late).rejects.toThrow('waited until the deadline, 1970-01-01T00:00:01.000Z: the registry is away');
  });

  it('never takes an answer for too late', async () => {
    await expect(at(2000, 1000, async () => emit())).resolves.toEqual(emit());
  });
});
