import { cdeventsVersion } from '../cdevent';
import { eventSchemas } from '../event';
import { outsideKinds } from '../outside-kind';
import { maxOutsideBytes } from '../parse-outside';
import { aboutEvents, whatFollows } from './about-events';
import { fieldsOf } from './fields';
import { exampleBlock, jsonBlock, outsideExamples } from './outside-examples';

/** docs/events.md, from the schemas. */
export const eventsPage = (): string => `${[...ourEvents(), ...fromOutside()].join('\n\n')}\n`;

const ourEvents = (): string[] => [
  '# Events',
  '<!-- Made from the schemas by `npm run docs -w @keelson/events`; a test says when that is needed. -->',
  `Every event is a CDEvent ${cdeventsVersion} in a CloudEvent 1.0, structured JSON. The CDEvents \`chainId\` is the run's id. The same
as an AsyncAPI document: [asyncapi.json](asyncapi.json).`,
  `## What Keelson says

Published on the exchange \`ci.events\` (topic), the routing key is the type; only our own services write there. Bind a queue of your own, with
the version as \`#\`: \`dev.cdevents.pipelinerun.finished.#\`. \`keelson events -f --json\` prints the same, one event a line.
Delivery is at least once: an event that comes twice has the same id both times.`,
  ...eventSchemas.map((schema) => {
    const type = schema.shape.type.value;
    const { by, says } = aboutEvents[type];
    const { subject, customData } = schema.shape.data.shape;
    const content = fieldsOf(subject.shape.content);
    return [
      `### ${type}`,
      `${says} Published by ${by}.`,
      ...(content.length === 0 ? [] : [list('`subject.content`', content)]),
      list('`customData`', fieldsOf(customData)),
    ].join('\n\n');
  }),
];

const list = (of: string, fields: readonly string[]): string =>
  `${of}:\n\n${fields.map((field) => `- ${field}`).join('\n')}`;

const fromOutside = (): string[] => [
  `## What others may say

Any tool may put events into the inbox: the exchange \`ci.inbox\`, with any routing key. On one machine \`keelson events publish\` does it.
The watcher takes them in, records those that have an effect under their \`source\` and \`id\`, and publishes what follows as an event of ours.
The same source and id are the same event, however often it comes.`,
  `| type, in any version 0.x | what follows |\n| --- | --- |\n${outsideKinds.map((kind) => `| ${kind} | ${whatFollows[kind]} |`).join('\n')}`,
  `What cannot be taken is parked with the reason: \`keelson parked\` lists it, \`keelson parked show\` shows it whole. That is what becomes of an
event of another type, of a future time (by more than an hour), of more than ${maxOutsideBytes} bytes, or in the name of somebody else's run.

Any of these forms will do:

- a CloudEvent in structured mode (\`application/cloudevents+json\`), its \`data\` a CDEvent;
- a CloudEvent in binary mode, its attributes in headers \`cloudEvents:…\`, \`cloudEvents_…\`, \`ce-…\` or \`ce_…\`;
- a bare CDEvent: \`context\` and \`subject\`.`,
  '### A change: `merged.json`',
  `A reason to look at a repository at once. It is named by \`customData.source\` or \`subject.content.repository\` (\`source\`, \`url\` or \`uri\`);
scheme, user and \`.git\` do not matter. A repository that nobody watches is none of our business: nothing happens.`,
  jsonBlock(outsideExamples['merged.json']),
  '### An image: `image.json`',
  `The image is \`customData.image\` (\`repository\`, \`digest\` or \`tag\`), else the subject's id: a package URL of type \`oci\` or \`docker\`, or a
reference as Docker writes it. Without a digest the registry is asked. A \`chainId\` is refused: the run gets an id of its own.`,
  jsonBlock(outsideExamples['image.json']),
  '### A request: `retry.json`, `watch.json`',
  jsonBlock(outsideExamples['retry.json']),
  jsonBlock(outsideExamples['watch.json']),
  '### How to publish',
  'On one machine, through the running `keelson up`:',
  exampleBlock('keelson'),
  'With RabbitMQ, over its management API, or with its own tool:',
  exampleBlock('curl'),
  exampleBlock('rabbitmqadmin'),
  'With amqplib; a bare CDEvent or a structured CloudEvent:',
  exampleBlock('amqplib'),
  'The same in binary mode:',
  exampleBlock('binary'),
];
