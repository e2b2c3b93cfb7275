import { eventSchemas } from '../event';
import { aboutEvents } from './about-events';
import { jsonSchemaOf } from './fields';
import { outsideExamples } from './outside-examples';

const mediaType = 'application/cloudevents+json';

/** docs/asyncapi.json: what goes over the bus, as an AsyncAPI 3 document. https://www.asyncapi.com/docs/reference/specification/v3.0.0 */
export function asyncApi(): Readonly<Record<string, unknown>> {
  const types = eventSchemas.map((schema) => schema.shape.type.value);
  return {
    asyncapi: '3.0.0',
    info: {
      ...{ title: 'Keelson', version: '0.1.0', license: { name: 'Apache-2.0' } },
      description:
        'What Keelson says of changes, builds, images and tests, and what others may say to it. See events.md.',
    },
    defaultContentType: mediaType,
    channels: {
      ...Object.fromEntries(types.map((type) => [channelOf(type), eventChannel(type)])),
      inbox: inboxChannel,
    },
    operations: {
      ...Object.fromEntries(types.map((type) => [`tell.${channelOf(type)}`, operation('send', channelOf(type))])),
      'take.inbox': operation('receive', 'inbox'),
    },
    components: {
      messages: {
        ...Object.fromEntries(eventSchemas.map((schema) => [schema.shape.type.value, messageOf(schema)])),
        outside: outsideMessage(),
      },
    },
  };
}

/** As it is kept in docs/asyncapi.json. */
export const asyncApiText = (): string => `${JSON.stringify(asyncApi(), null, 2)}\n`;

/** A name that may stand in a reference. */
const channelOf = (type: string): string => type.replace(/^dev\.cdeventsx?\./, '').replace(/\.\d+\.\d+\.\d+$/, '');

const eventChannel = (type: string) => ({
  address: type,
  messages: { event: { $ref: `#/components/messages/${type}` } },
  bindings: {
    amqp: { is: 'routingKey', exchange: { name: 'ci.events', type: 'topic', durable: true, autoDelete: false } },
  },
});

const inboxChannel = {
  address: 'ci.inbox',
  messages: { event: { $ref: '#/components/messages/outside' } },
  bindings: {
    amqp: { is: 'routingKey', exchange: { name: 'ci.inbox', type: 'fanout', durable: true, autoDelete: false } },
  },
};

const operation = (action: 'send' | 'receive', channel: string) => ({
  action,
  channel: { $ref: `#/channels/${channel}` },
});

function messageOf(schema: (typeof eventSchemas)[number]) {
  const type = schema.shape.type.value;
  return { name: type, contentType: mediaType, summary: aboutEvents[type].says, payload: jsonSchemaOf(schema) };
}

/** Read liberally: the schema says no more than that it is an object. */
const outsideMessage = () => ({
  name: 'outside',
  summary: 'A CloudEvent in structured or binary mode, or a bare CDEvent.',
  payload: { type: 'object' },
  examples: Object.entries(outsideExamples).map(([name, payload]) => ({ name, payload })),
});
