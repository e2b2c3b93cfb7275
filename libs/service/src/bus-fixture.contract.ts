import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LmdbBus } from '@keelson/bus';
import type { AuditEntry, Bus } from '@keelson/bus';
import { composeEvent, eventTypes, newRunId } from '@keelson/events';
import type { EventOf } from '@keelson/events';

export type RunCancelled = EventOf<typeof eventTypes.runCancelled>;
export type RunRetried = EventOf<typeof eventTypes.runRetried>;

const frame = (run: string) =>
  ({
    work: { run, attempt: 1, stage: 'source' },
    service: 'sample',
    subjectId: run,
    content: {},
    time: '2026-01-02T03:04:05Z',
  }) as const;

/** What a handler takes in these specs. */
export const runCancelled = (run = newRunId()): RunCancelled =>
  composeEvent({ ...frame(run), type: eventTypes.runCancelled, customData: { run } });

/** What it gives. */
export const runRetried = (run = newRunId(), attempt = 2): RunRetried =>
  composeEvent({ ...frame(run), type: eventTypes.runRetried, customData: { run, attempt } });

/** A real bus in a directory of its own, with waits short enough for a test. Closed and removed by `end`. */
export async function openBus(): Promise<{ bus: LmdbBus; end: () => Promise<void> }> {
  const directory = mkdtempSync(path.join(tmpdir(), 'keelson-service-'));
  const bus = await LmdbBus.open({
    directory,
    retryMs: [5, 5, 5],
    againMs: { '1s': 5, '10s': 5, '1m': 5, '10m': 5 },
    leadPauseMs: 5,
    onError: () => undefined,
  });
  const end = async () => {
    await bus.close();
    rmSync(directory, { recursive: true });
  };
  return { bus, end };
}

/** Every event published so far. */
export async function published(bus: Bus): Promise<AuditEntry['event'][]> {
  const events: AuditEntry['event'][] = [];
  for await (const { event } of bus.replay({ from: 0, follow: false }, new AbortController().signal))
    events.push(event);
  return events;
}

/** Waits for a condition; the time bounds a test that is stuck, it measures nothing. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 60_000;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A promise and the means to resolve it. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** Log lines as they were written. */
export function logLines(): { lines: () => Record<string, unknown>[]; destination: { write(line: string): void } } {
  const written: string[] = [];
  return {
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
    destination: { write: (line) => void written.push(line) },
  };
}
