import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import { account } from '@keelson/ledger';
import { describeOn, servers } from '@keelson/testbed';
import { keelson, until } from '../support/keelson';
import { runViews } from './support/expect-run';
import { FiveServices } from './support/five-services';

jest.setTimeout(1_200_000);

type Sent = { id?: string; chainId?: string; timestamp?: string; subject?: object; customData?: object };

/** A bare CDEvent as a tool of somebody else's sends it. */
function sent(type: string, { subject, customData, ...context }: Sent = {}): Buffer {
  const named = type.startsWith('keelson-') ? `dev.cdeventsx.${type}.0.1.0` : `dev.cdevents.${type}.0.3.0`;
  const frame = { id: randomUUID(), source: 'https://ci.example', timestamp: '2026-11-24T10:00:00Z', type: named };
  return Buffer.from(
    JSON.stringify({
      context: { ...frame, ...context },
      subject: { id: 'subject', content: {}, ...subject },
      customData,
    }),
  );
}

describeOn(['amqp', 'rabbitApi', 's3', 'registry', 'kubeconfig', 'hostIp'])('what outsiders send', () => {
  let five: FiveServices;
  /** A run of the first repository that has failed. */
  let red: string;
  beforeEach(async () => {
    // How long an image that is not in the registry is waited for.
    const settings = { KEELSON_PATIENCE: '5s' };
    five = await FiveServices.prepare({ repositories: ['red', 'fine'], settings });
    five.repositories[0]?.clusterPipeline('echo wrong; exit 1');
    five.repositories[1]?.clusterPipeline('echo fine');
    await five.start();
    five.repositories[0]?.push();
    const [view] = await five.untilEnded(1);
    expect(view).toMatchObject({ outcome: 'failure' });
    red = view?.run ?? '';
  });
  afterEach(() => five.close());

  /** Puts messages into the inbox as any AMQP client does; resolves when the broker has them all. */
  async function send(...bodies: readonly Buffer[]): Promise<void> {
    const url = new URL(five.own.environment.KEELSON_AMQP ?? '');
    url.password = encodeURIComponent(five.own.amqpPassword);
    const model = await connect(url.href, { noDelay: true });
    const channel = await model.createConfirmChannel();
    for (const body of bodies) channel.publish('ci.inbox', 'anything', body, { contentType: 'application/json' });
    await channel.waitForConfirms();
    await model.close();
  }

  /** Looks until so many messages are parked. */
  async function parked(count: number): Promise<string[]> {
    let found: string[] = [];
    const isThere = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1_000)); // each look brings all of them
      return (found = await five.own.parked()).length === count;
    };
    await until(isThere, { timeoutMs: 180_000, what: () => `${count} parked, of ${found.join('\n')}` });
    return found;
  }
  const viewOf = async (run: string) => (await runViews(five.own)).find((view) => view.run === run);

  it('is parked with its reason when it cannot be, and turns nothing green', async () => {
    const green = { id: `${red}/1`, content: { outcome: 'success', environment: { id: 'x' } } };
    const digest = `sha256:${'5'.repeat(64)}`;
    const image = { id: `pkg:oci/widget@${encodeURIComponent(digest)}?repository_url=${servers.registry}/widget` };
    const tomorrow = new Date(Date.now() + 48 * 3_600_000).toISOString();
    await send(
      sent('testsuiterun.finished', { chainId: red, subject: green }),
      sent('pipelinerun.finished', { chainId: red, subject: green }),
      sent('artifact.published', { chainId: red, subject: image }),
      sent('keelson-run.cancelled', { customData: { run: randomUUID() } }),
      sent('incident.detected'),
      sent('change.merged', { timestamp: tomorrow, customData: { source: 'https://git.example/widget' } }),
      sent('change.merged', { customData: { source: 'x'.repeat(10_000_000) } }),
      Buffer.alloc(10_000_000, 'no event '),
      Buffer.from('{'),
    );
    const errors = (await parked(9)).sort();
    const refusals = [
      `testsuiterun.finished of our run ${red}`,
      `pipelinerun.finished of our run ${red}`,
      `it claims to belong to our run ${red}`,
      'there is no run',
      'no event type that is taken from outside',
      'it is from the future',
      'bytes: an event has at most 1048576',
      'the body is not JSON',
    ];
    for (const refusal of refusals) expect(errors.join('\n')).toContain(refusal);
    expect(errors.every((error) => error.startsWith('watcher: '))).toBe(true);
    const told = five.service('watcher').logged('a message from outside is refused, and parked');
    expect(told).toHaveLength(9);

    const listed = await keelson(['parked', 'list'], { env: five.own.environment });
    expect(listed.stdout).toContain('only our own services tell of it');
    expect(await viewOf(red)).toMatchObject({ outcome: 'failure', attempts: [{ attempt: 1 }] });
    expect(await runViews(five.own)).toHaveLength(1);
  });

  it('begins a run that ends by itself where its image is not there', async () => {
    const digest = `sha256:${'6'.repeat(64)}`;
    const image = { id: `pkg:oci/widget@${encodeURIComponent(digest)}?repository_url=${servers.registry}/widget` };
    await send(sent('artifact.published', { subject: image }));
    const views = await five.untilEnded(2);
    const absent = views.find(({ run }) => run !== red);
    expect(absent).toMatchObject({ outcome: 'error', reason: { code: 'unavailable' } });
    expect(absent?.reason?.message).toContain(`${digest} is not in the registry`);
  });

  it('has one effect when it comes 10,000 times, and keeps nobody from working meanwhile', async () => {
    const ask = sent('keelson-run.retried', { id: 'the-same', customData: { run: red } });
    await send(...Array.from({ length: 10_000 }, () => ask));
    const commit = five.repositories[1]?.push();
    const isDone = async () => {
      const views = await runViews(five.own);
      const fine = views.find((view) => view.commit === commit);
      return fine !== undefined && fine.outcome === 'success';
    };
    await until(isDone, { timeoutMs: 240_000, what: () => `the run beside it: ${five.said()}` });
    const isEmpty = async () => {
      const inbox = (await five.own.queues()).find(({ service }) => service === 'inbox');
      return inbox !== undefined && inbox.ready + (inbox.inWork ?? 0) === 0;
    };
    await until(isEmpty, { timeoutMs: 600_000, what: () => 'an empty inbox' });
    const views = await five.untilEnded(2);
    const attempts = views.find(({ run }) => run === red)?.attempts;
    expect(attempts?.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, 'failure'],
      [2, 'failure'],
    ]);
    expect(await five.own.parked()).toEqual([]);
    expect(await account(await five.own.ledger())).toMatchObject({ balanced: true });
  });
});
