import type { Channel, GetMessage } from 'amqplib';
import { BusUnavailableError } from '../bus';
import type { Parked } from '../bus';
import { outsideMessage } from '../outside-message';
import type { AmqpParts } from './amqp-parts';
import { unparked } from './answer-messages';
import { storedDeliveryOf } from './delivery-headers';
import { contentName, readEvent, readOutsideMessage } from './delivery-kind';
import { closeChannel } from './session';

/** Of one service; a person looks at no more. */
const lookAtMost = 1_000;

/** The parked deliveries of a service. While it looks nobody else sees them; they come back when the channel closes. */
export async function parkedOf(parts: AmqpParts, service: string): Promise<Parked[]> {
  const found: Parked[] = [];
  await eachParked(parts, service, (_, message) => {
    found.push(describe(parts, service, message));
    return false;
  });
  return found;
}

/** Puts a parked delivery back, or forgets it. False when there is none of that id. */
export async function unparkAt(parts: AmqpParts, id: string, what: 'replay' | 'drop'): Promise<boolean> {
  const service = /^([a-z][a-z0-9-]*)\/[0-9a-f-]{32,36}$/.exec(id)?.[1];
  if (service === undefined) return false;
  let isDone = false;
  await eachParked(parts, service, async (channel, message) => {
    if (idOf(service, message) !== id) return false;
    if (what === 'replay') {
      const home = homeOf(parts, service, message);
      await parts.publisher.send([unparked(message, home, { nowMs: parts.wallClock() })]);
    }
    channel.ack(message);
    isDone = true;
    return true;
  });
  return isDone;
}

/** Looks at each parked message until told that it is enough. */
async function eachParked(
  { link, names, closing }: AmqpParts,
  service: string,
  look: (channel: Channel, message: GetMessage) => boolean | Promise<boolean>,
): Promise<void> {
  const model = await link.ready(closing.signal, AbortSignal.timeout(10_000));
  const channel = await model.createChannel();
  let isGone = false;
  channel.on('error', (error: Error & { code?: number }) => (isGone = error.code === 404));
  channel.on('close', () => undefined);
  const { parking } = names.of(service);
  try {
    for (let count = 0; count < lookAtMost; count += 1) {
      const message = await channel.get(parking);
      if (!message || (await look(channel, message))) return;
    }
  } catch (cause) {
    if (isGone) return; // nothing was ever parked here
    if (cause instanceof BusUnavailableError) throw cause;
    throw new BusUnavailableError(`${parking} cannot be read: ${String(cause)}`, { cause });
  } finally {
    await closeChannel(channel);
  }
}

function describe(parts: AmqpParts, service: string, message: GetMessage): Parked {
  const stored = storedDeliveryOf(message);
  const isOutside = homeOf(parts, service, message) === parts.names.of('inbox').main;
  const headers = (message.properties.headers ?? {}) as Record<string, unknown>;
  return {
    id: idOf(service, message),
    service,
    event: isOutside ? undefined : eventIn(message),
    ...(isOutside ? { message: readOutsideMessage(message, 0).content } : {}),
    ...(!isOutside && eventIn(message) === undefined ? { message: raw(message) } : {}),
    reason: stored.parking?.reason ?? { code: 'terminal', error: 'the reason is not recorded' },
    failures: stored.failures,
    parkedAtMs: Number(headers['x-keelson-parked-at'] ?? 0),
  };
}

function eventIn(message: GetMessage) {
  try {
    return readEvent(message).content;
  } catch {
    return undefined; // of another version, or nothing of ours; its reason says so
  }
}

const raw = (message: GetMessage) => outsideMessage({ headers: {}, body: message.content }, 0);

/** Where it came from. Anybody can write a header on a message: only these two are believed. */
function homeOf({ names }: AmqpParts, service: string, message: GetMessage): string {
  const home: unknown = message.properties.headers?.['x-keelson-home'];
  const inbox = names.of('inbox').main;
  return home === inbox ? inbox : names.of(service).main;
}

function idOf(service: string, message: GetMessage): string {
  const id: unknown = message.properties.headers?.['x-keelson-parked-id'];
  return `${service}/${typeof id === 'string' ? id : contentName(message)}`;
}
