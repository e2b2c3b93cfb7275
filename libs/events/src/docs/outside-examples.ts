/** Events as outsiders may send them, by the file's name in the examples. */
export const outsideExamples = {
  'merged.json': {
    context: {
      ...{ specversion: '0.5.1', id: 'push-4711', source: 'https://git.example/team/widget' },
      ...{ type: 'dev.cdevents.change.merged.0.3.0', timestamp: '2026-11-24T10:00:00Z' },
    },
    subject: {
      ...{ id: 'pull/7', type: 'change' },
      content: { repository: { id: 'team/widget', source: 'https://git.example/team/widget' } },
    },
  },
  'image.json': {
    ...{ specversion: '1.0', id: 'build-42', source: 'https://ci.example/jobs/widget' },
    ...{ type: 'dev.cdevents.artifact.published.0.3.0', time: '2026-11-24T10:00:00Z' },
    datacontenttype: 'application/json',
    data: {
      context: {
        ...{ specversion: '0.5.1', id: 'build-42', source: 'https://ci.example/jobs/widget' },
        ...{ type: 'dev.cdevents.artifact.published.0.3.0', timestamp: '2026-11-24T10:00:00Z' },
      },
      subject: {
        id: `pkg:oci/widget@sha256%3A${'5'.repeat(64)}?repository_url=registry.example/team/widget&tag=main`,
        ...{ type: 'artifact', content: {} },
      },
    },
  },
  'retry.json': {
    context: {
      ...{ specversion: '0.5.1', id: 'chat-99', source: 'https://chat.example/bots/ci' },
      ...{ type: 'dev.cdeventsx.keelson-run.retried.0.1.0', timestamp: '2026-11-24T10:00:00Z' },
    },
    subject: { id: '01931f0e-7d3a-7cc1-8a5e-1f2e3d4c5b6a', type: 'keelson-run', content: {} },
    customData: { run: '01931f0e-7d3a-7cc1-8a5e-1f2e3d4c5b6a', from: 'test' },
  },
  'watch.json': {
    context: {
      ...{ specversion: '0.5.1', id: 'portal-7', source: 'https://portal.example' },
      ...{ type: 'dev.cdeventsx.keelson-source.watched.0.1.0', timestamp: '2026-11-24T10:00:00Z' },
    },
    subject: { id: 'https://git.example/team/gadget^release/*', type: 'keelson-source', content: {} },
    customData: { source: 'https://git.example/team/gadget', pattern: 'release/*' },
  },
} as const;

const block = (language: string, text: string): string => `\`\`\`${language}\n${text}\n\`\`\``;

/** Each runs as it is, with `AMQP_URL` or `MANAGEMENT_URL` and `USER_PASSWORD` set and `merged.json` in the current directory. */
export const publishExamples = {
  curl: `curl -sSf -u "$USER_PASSWORD" -H 'content-type: application/json' \\
  "$MANAGEMENT_URL/api/exchanges/\${VHOST:-%2F}/ci.inbox/publish" -d @- <<END
{ "routing_key": "", "payload_encoding": "base64", "payload": "$(base64 -w0 merged.json)",
  "properties": { "content_type": "application/json", "delivery_mode": 2 } }
END`,
  rabbitmqadmin: `rabbitmqadmin publish exchange=ci.inbox routing_key= payload="$(cat merged.json)" \\
  properties='{"content_type": "application/json", "delivery_mode": 2}'`,
  amqplib: `const { readFile } = require('node:fs/promises');
const { connect } = require('amqplib');

async function publish(file) {
  const connection = await connect(process.env.AMQP_URL);
  const channel = await connection.createConfirmChannel();
  channel.publish('ci.inbox', '', await readFile(file), { contentType: 'application/json', persistent: true });
  await channel.waitForConfirms(); // without it the event may be lost on the way
  await connection.close();
}

publish('merged.json');`,
  binary: `const { connect } = require('amqplib');

async function publish(headers, cdEvent) {
  const connection = await connect(process.env.AMQP_URL);
  const channel = await connection.createConfirmChannel();
  const body = Buffer.from(JSON.stringify(cdEvent));
  channel.publish('ci.inbox', '', body, { contentType: 'application/json', persistent: true, headers });
  await channel.waitForConfirms();
  await connection.close();
}

publish(
  {
    'cloudEvents:specversion': '1.0',
    'cloudEvents:id': 'push-4712',
    'cloudEvents:source': 'https://git.example/team/widget',
    'cloudEvents:type': 'dev.cdevents.change.merged.0.3.0',
  },
  { context: {}, subject: { id: 'pull/8', content: { repository: { source: 'https://git.example/team/widget' } } } },
);`,
  keelson: 'keelson events publish merged.json',
};

export const exampleBlock = (name: keyof typeof publishExamples): string =>
  block(name === 'amqplib' || name === 'binary' ? 'js' : 'sh', publishExamples[name]);

export const jsonBlock = (value: unknown): string => block('json', JSON.stringify(value, null, 2));
