import type { Channel, ConfirmChannel } from 'amqplib';
import { messageOf } from '../answer';
import { BusUnavailableError } from '../bus';
import { atMost, pause, untilAborted } from '../waiting';
import type { AmqpParts } from './amqp-parts';
import { backoffMs } from './backoff';
import { isRefusal } from './refusal';
import { UnroutableError } from './unroutable-error';

/** A channel while it lasts. */
export type Session = {
  channel: Channel;
  /** Aborts when the channel is gone, its consumer was cancelled, or somebody ended the session. */
  over: AbortSignal;
  /** Ends the session: the next begins anew. */
  end(why: string): void;
};

export type SessionOptions = {
  /** For messages. */
  what: string;
  /** Declares and begins; what the broker refuses here it refuses always. */
  begin: (session: Session) => Promise<unknown>;
  /** While it lasts; its end ends the session. */
  during: (session: Session) => Promise<unknown>;
};

/**
 * Session after session until a signal aborts: a channel that was closed, a consumer that was cancelled and a connection that was
 * lost each lead to a new one, after a pause.
 * @throws BusRefusedError when the broker refuses what a session begins with
 */
export async function inSessions(parts: AmqpParts, options: SessionOptions, signal: AbortSignal): Promise<void> {
  const ended = () => signal.aborted || parts.closing.signal.aborted;
  for (let tries = 0; !ended(); tries += 1) {
    const startedMs = performance.now();
    try {
      await oneSession(parts, options, signal);
    } catch (cause) {
      if (parts.closing.signal.aborted || signal.aborted) break;
      if (isRefusal(cause)) throw parts.refuse(cause);
      const isKnown = cause instanceof BusUnavailableError && !(cause instanceof UnroutableError); // the link tells it
      if (!isKnown) parts.onError(new Error(`${options.what}: ${messageOf(cause)}; beginning anew`, { cause }));
    }
    if (performance.now() - startedMs > 10_000) tries = 0;
    if (!ended()) await pause(backoffMs(tries), signal, parts.closing.signal);
  }
}

async function oneSession(parts: AmqpParts, { begin, during }: SessionOptions, signal: AbortSignal): Promise<void> {
  const model = await parts.link.ready(signal, parts.closing.signal);
  const channel = await model.createChannel();
  const over = new AbortController();
  let why: unknown;
  channel.on('error', (error) => (why = error));
  channel.on('close', () => over.abort());
  const end = (reason: string) => {
    why ??= new Error(reason);
    over.abort();
  };
  const session = { channel, over: over.signal, end };
  try {
    await begin(session);
    await during(session);
    // A 406 here is no declaration: an acknowledgement that came too late, say. The next session may do.
    if (why) throw new Error(messageOf(why), { cause: why });
  } finally {
    over.abort();
    await closeChannel(channel);
  }
}

export async function closeChannel(channel: Channel | ConfirmChannel): Promise<void> {
  try {
    await atMost(1_000, channel.close());
  } catch {
    // gone already
  }
}

/** While the session lasts and nobody wants it to end. */
export const lasting = (session: Session, ...signals: AbortSignal[]) => untilAborted(session.over, ...signals);

/** Something short on a channel of its own. @throws BusRefusedError, BusUnavailableError */
export async function onChannel<T>(parts: AmqpParts, work: (channel: Channel) => Promise<T>): Promise<T> {
  const model = await parts.link.ready(parts.closing.signal, AbortSignal.timeout(10_000));
  try {
    const channel = await model.createChannel();
    // Its errors come as those of the call that caused them.
    channel.on('error', () => undefined);
    channel.on('close', () => undefined);
    const result = await work(channel);
    await closeChannel(channel);
    return result;
  } catch (cause) {
    if (isRefusal(cause)) throw parts.refuse(cause);
    throw new BusUnavailableError(`the broker did not answer: ${messageOf(cause)}`, { cause });
  }
}
