import { composeEvent, eventTypes } from '@keelson/events';
import type { Event, EventOf } from '@keelson/events';
import { TerminalError } from '@keelson/stage';
import type { Outcome } from '@keelson/stage';
import type { WatcherDeps } from './deps';
import { takeIn } from './intake';
import type { IntakeDeps } from './intake';
import { HeadObserver } from './observer';
import { unaborted } from './watcher-fixture.contract';
import type { World } from './watcher-fixture.contract';

/** A CDEvent as a tool of somebody else's sends it, bare. */
export type Sent = {
  type: string;
  id?: string;
  source?: string;
  chainId?: string;
  timestamp?: string;
  subject?: { id: string; source?: string; content?: object };
  customData?: unknown;
};

export const bodyOf = ({ type, id = 'event-1', source = 'https://ci.example', ...rest }: Sent): Buffer => {
  const { subject = { id: 'subject' }, customData, ...context } = rest;
  const named = type.includes('keelson') ? `dev.cdeventsx.${type}.0.1.0` : `dev.cdevents.${type}.0.2.0`;
  const frame = { version: '0.4.1', id, source, type: named, timestamp: '2026-01-02T03:04:05Z', ...context };
  return Buffer.from(JSON.stringify({ context: frame, subject: { content: {}, ...subject }, customData }));
};

/** The intake of a watcher that watches `main` of the world's repository. */
export class IntakeWorld {
  readonly logged: string[] = [];

  private constructor(
    readonly observer: HeadObserver,
    readonly deps: IntakeDeps,
  ) {}

  static async open(world: World, more: Partial<WatcherDeps> = {}): Promise<IntakeWorld> {
    const deps = await world.deps(['^main'], more);
    const observer = new HeadObserver(deps);
    const intake: IntakeWorld = new IntakeWorld(observer, {
      ...{ ...deps, hint: (names: readonly string[]) => observer.hint(names) },
      log: (_fields, message) => void intake.logged.push(message),
    });
    return intake;
  }

  take(body: Uint8Array, receivedAtMs = Date.now()): Promise<Outcome> {
    const delivery = { failures: 0, agains: 0, redelivered: false, publishedAtMs: receivedAtMs };
    const message = { id: 'm', contentType: 'application/json', headers: {}, body, receivedAtMs };
    return takeIn(this.deps)(message, delivery, unaborted);
  }

  send = (sent: Sent, receivedAtMs?: number): Promise<Outcome> => this.take(bodyOf(sent), receivedAtMs);

  /** What is published for it. */
  async told(sent: Sent): Promise<readonly Event[]> {
    const outcome = await this.send(sent);
    if (outcome.kind === 'emit') return outcome.events;
    throw new Error(`the intake waits: ${outcome.because}`);
  }

  /** Why it is refused for good. */
  refusal = (sent: Sent): Promise<string> => refusalOf(this.send(sent));
}

export async function refusalOf(taken: Promise<Outcome>): Promise<string> {
  const error = await taken.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TerminalError);
  return (error as Error).message;
}

export const packagedOf = (events: readonly Event[]): EventOf<typeof eventTypes.artifactPackaged> => {
  const found = events.find(({ type }) => type === eventTypes.artifactPackaged);
  return found as EventOf<typeof eventTypes.artifactPackaged>;
};

/** A result as we tell it ourselves, in the name of whoever forges it. */
export const forged = (run: string): Event =>
  composeEvent({
    ...{ type: eventTypes.testSuiteRunFinished, work: { run, attempt: 1, stage: 'test' }, service: 'test-runner' },
    ...{ subjectId: `${run}/1`, content: { environment: { id: 'x' }, outcome: 'success' } },
    customData: {
      ...{ run, attempt: 1, source: '/srv/widget', ref: 'refs/heads/main', commit: 'a'.repeat(40), sequence: 1 },
      ...{ stage: 'test', outcome: 'success' },
    },
    time: '2026-01-02T03:04:05Z',
  });
