import { z } from 'zod';
import { MalformedEventError } from './malformed-event-error';
import { checked, readEnvelope } from './outside-envelope';
import type { Envelope, OutsideBody } from './outside-envelope';
import { outsideKindOf } from './outside-kind';
import type { OutsideKind } from './outside-kind';

export type { OutsideBody };

/** Events carry names and digests, never contents. */
export const maxOutsideBytes = 1024 * 1024;
/** Source and id together, percent-encoded: both become part of a key, which S3 limits to 1024 bytes. */
const maxIdentityBytes = 900;

/** What an outsider tells, whatever form it came in. Nothing in it is believed but that somebody said it. */
export type OutsideEvent = {
  /** Source and id name the event: another message with the same two is the same event. */
  source: string;
  id: string;
  kind: OutsideKind;
  /** As it was sent. */
  type: string;
  /** When it is said to have happened, milliseconds since the epoch. */
  timestampMs: number | undefined;
  /** The CDEvents chain it is said to belong to. */
  chainId: string | undefined;
  subject: { id: string; source: string | undefined; content: Readonly<Record<string, unknown>> };
  customData: unknown;
};

/** It can be read, and is no kind of event that is taken from outside. */
export class UnknownEventTypeError extends Error {
  readonly code = 'unknown-event-type';
  override readonly name = 'UnknownEventTypeError';
}

const text = z.string().min(1);
const cdEvent = z.object({
  context: z.object({
    id: text.optional(),
    source: text.optional(),
    type: text.optional(),
    timestamp: z.string().optional(),
    chainId: text.optional(),
  }),
  subject: z.object({
    id: text,
    source: text.optional(),
    content: z.record(z.string(), z.unknown()).default({}),
  }),
  customData: z.unknown().optional(),
});

/** What names an event must be there, in the CloudEvent or in the CDEvent. */
const identity = z.object({ id: text, source: text, type: text });

/**
 * Reads what an outsider sent: a CloudEvent in structured or binary mode, or a bare CDEvent, of any 0.x version.
 * @throws MalformedEventError when it cannot be read, with the reason
 * @throws UnknownEventTypeError when it is of a type that is not taken from outside
 */
export function parseOutside(message: OutsideBody): OutsideEvent {
  if (message.body.byteLength > maxOutsideBytes)
    throw new MalformedEventError(`${message.body.byteLength} bytes: an event has at most ${maxOutsideBytes}`);
  const envelope = readEnvelope(message);
  const type = envelope.type ?? typeOf(envelope.data);
  const kind = type === undefined ? undefined : outsideKindOf(type);
  if (type !== undefined && kind === undefined) throw unknownType(type);
  const { context, subject, customData } = checked(cdEvent, envelope.data, 'the CDEvent');
  const names = checked(identity, { ...context, ...named(envelope) }, 'what names the event');
  checkLength(names);
  return {
    ...{ source: names.source, id: names.id, type: names.type, kind: kind ?? kindOf(names.type) },
    timestampMs: instantOf(context.timestamp ?? envelope.time),
    chainId: context.chainId,
    subject: { id: subject.id, source: subject.source, content: subject.content },
    customData: decoded(customData),
  };
}

/** The CloudEvent's own names, where there are any: they count before those of its data. */
const named = ({ id, source, type }: Envelope) => (id === undefined ? {} : { id, source, type });

/** The type of a bare CDEvent: whatever else is wrong with it, an unknown type is said first. */
const typeOf = (data: unknown): string | undefined =>
  z.object({ context: z.object({ type: text }) }).safeParse(data).data?.context.type;

function kindOf(type: string): OutsideKind {
  const kind = outsideKindOf(type);
  if (kind === undefined) throw unknownType(type);
  return kind;
}

const unknownType = (type: string): UnknownEventTypeError =>
  new UnknownEventTypeError(
    `${JSON.stringify(type.slice(0, 200))} is no event type that is taken from outside; docs/events.md lists those that are`,
  );

function checkLength({ id, source }: { id: string; source: string }): void {
  if (encodedBytes(id) + encodedBytes(source) > maxIdentityBytes)
    throw new MalformedEventError(
      `its id and source are too long: ${maxIdentityBytes} bytes together, percent-encoded`,
    );
}

function encodedBytes(name: string): number {
  try {
    return encodeURIComponent(name).length;
  } catch (cause) {
    throw new MalformedEventError('its id or source holds half a character', { cause });
  }
}

/** @throws MalformedEventError */
function instantOf(timestamp: string | undefined): number | undefined {
  if (timestamp === undefined) return undefined;
  const ms = Date.parse(timestamp);
  if (Number.isNaN(ms))
    throw new MalformedEventError(`its time ${JSON.stringify(timestamp.slice(0, 100))} is no RFC 3339 instant`);
  return ms;
}

/** Some clients put JSON into a string here; text that is none stays text. */
function decoded(customData: unknown): unknown {
  if (typeof customData !== 'string') return customData;
  try {
    return JSON.parse(customData);
  } catch {
    return customData;
  }
}
