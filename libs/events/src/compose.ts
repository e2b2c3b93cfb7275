import { cdeventsVersion } from './cdevent';
import { event, eventSchemas } from './event';
import type { EventOf, EventType } from './event';
import { eventId } from './identity';
import type { WorkKey } from './identity';

type Content<T extends EventType> = EventOf<T>['data']['subject']['content'];
type CustomData<T extends EventType> = EventOf<T>['data']['customData'];

/** What differs between two events of one type; the frame is filled in. */
export type EventParts<T extends EventType> = {
  type: T;
  /** Of whose work the event tells: its id follows from it. */
  work: WorkKey;
  /** The service that speaks. */
  service: string;
  subjectId: string;
  content: Content<T>;
  customData: CustomData<T>;
  /** RFC 3339; read from the record, so that telling it again tells the same. */
  time: string;
};

const subjectTypes = new Map<string, string>(
  eventSchemas.map((schema) => [schema.shape.type.value, schema.shape.data.shape.subject.shape.type.value]),
);

/** A whole event from its parts. @throws z.ZodError when the parts do not make a valid event: a fault of ours */
export function composeEvent<T extends EventType>(parts: EventParts<T>): EventOf<T> {
  const id = eventId(parts.work, parts.type, parts.subjectId);
  const source = `/keelson/${parts.service}`;
  const composed = {
    specversion: '1.0',
    id,
    source,
    type: parts.type,
    subject: parts.subjectId,
    time: parts.time,
    datacontenttype: 'application/json',
    data: {
      context: {
        specversion: cdeventsVersion,
        id,
        source,
        type: parts.type,
        timestamp: parts.time,
        chainId: parts.work.run,
      },
      subject: { id: parts.subjectId, type: subjectTypes.get(parts.type), content: parts.content },
      customData: parts.customData,
      customDataContentType: 'application/json',
    },
  };
  // The union's member of this type is exactly EventOf<T>; the compiler cannot follow the discriminator through T.
  return event.parse(composed) as EventOf<T>;
}
