import type { ConsumeMessage } from 'amqplib';
import { messageOf } from '../answer';
import { pause, untilAborted } from '../waiting';
import type { AmqpParts } from './amqp-parts';
import type { OutMessage } from './message';
import { inSessions, lasting } from './session';
import type { Session } from './session';
import { declareLeaderQueue } from './topology';

/** How often a token is sent anew: an acknowledgement must not be due for half an hour, and a queue may have been emptied by hand. */
const tokenEveryMs = 60_000;

type Work = (signal: AbortSignal) => Promise<void>;

/**
 * One leader per service: the active one of the consumers of `ci.<service>.leader`. AMQP does not tell a consumer that it is active,
 * so there is a token in the queue: whoever gets it leads for as long as its channel lasts. The token stays unacknowledged, so
 * when the leader's channel goes the broker hands it to the next at once. Everybody who joins sends one; the leader keeps the last.
 */
export async function leadByToken(
  parts: AmqpParts,
  { service, work }: { service: string; work: Work },
  signal: AbortSignal,
): Promise<void> {
  const queues = parts.names.of(service);
  const sendToken = () => parts.publisher.send([tokenFor(queues.leader)], signal);
  let elected: AbortController;
  await inSessions(
    parts,
    {
      what: `the leadership of ${service}`,
      begin: async (session) => {
        elected = new AbortController();
        await declareLeaderQueue(session.channel, queues);
        await session.channel.consume(queues.leader, keepLastToken(session, elected));
        await sendToken();
      },
      during: async (session) => {
        const timer = setInterval(() => void sendToken().catch(() => undefined), tokenEveryMs); // the next one may go
        try {
          await lasting(session, elected.signal, signal, parts.closing.signal);
          if (elected.signal.aborted) await reign(parts, { service, work, session }, signal);
        } finally {
          clearInterval(timer);
        }
      },
    },
    signal,
  );
}

function keepLastToken({ channel, end }: Session, elected: AbortController) {
  let held: ConsumeMessage | undefined;
  return (message: ConsumeMessage | null) => {
    if (!message) return end('the broker cancelled it: was the queue deleted?');
    if (held) channel.ack(held);
    held = message;
    elected.abort();
  };
}

/** Terms with pauses between them, as long as the channel lasts. The work has ended when this does. */
async function reign(
  parts: AmqpParts,
  { service, work, session }: { service: string; work: Work; session: Session },
  signal: AbortSignal,
): Promise<void> {
  const ends = [session.over, signal, parts.closing.signal];
  while (!ends.some((one) => one.aborted)) {
    const term = new AbortController();
    void untilAborted(...ends, term.signal).then(() => term.abort());
    try {
      await work(term.signal);
    } catch (cause) {
      // Told to end, and ended by throwing, is no fault.
      if (!term.signal.aborted) {
        parts.onError(new Error(`the work of ${service}'s leader failed: ${messageOf(cause)}`, { cause }));
      }
    } finally {
      term.abort();
    }
    await pause(parts.leadPauseMs, ...ends);
  }
}

const tokenFor = (queue: string): OutMessage => ({
  exchange: '',
  key: queue,
  body: Buffer.alloc(0),
  mandatory: true,
  properties: { type: 'keelson.token' },
});
