import type { OutsideMessage } from '@keelson/bus';
import { again, emit, TerminalError } from '@keelson/stage';
import type { Outcome } from '@keelson/stage';
import { published, runRetried, until } from './bus-fixture.contract';
import { PromMetrics } from './prom-metrics';
import { sampleServices } from './sample-service.contract';

describe('the inbox of a service', () => {
  const { start, bus, lines } = sampleServices();
  const offer = (text: string) => bus().offer({ headers: {}, body: Buffer.from(text) });
  const textOf = ({ body }: OutsideMessage) => Buffer.from(body).toString();
  const idle = () => Promise.resolve(emit());

  it('gives each message to the service, and publishes what follows from it', async () => {
    const told = runRetried();
    const seen: string[] = [];
    const handler = (message: OutsideMessage): Promise<Outcome> => {
      seen.push(textOf(message));
      return Promise.resolve(seen.length < 3 ? again('1s', 'not yet') : emit(told));
    };
    const metrics = new PromMetrics();
    await offer('before anybody was there');
    await start(idle, { inbox: { prefetch: 1, handler }, metrics });
    await until('it is published', async () => (await published(bus())).length === 1);
    expect(await published(bus())).toEqual([told]);
    expect(seen).toEqual(Array.from({ length: 3 }, () => 'before anybody was there'));
    const text = await metrics.text();
    expect(text).toContain('keelson_deliveries_total{service="sample",type="inbox",outcome="again"} 2');
    expect(text).toContain('keelson_deliveries_total{service="sample",type="inbox",outcome="emit"} 1');
  });

  it('parks what is refused with the reason, and says so; other messages are taken', async () => {
    const taken: string[] = [];
    const handler = (message: OutsideMessage): Promise<Outcome> => {
      if (textOf(message) === 'bad') throw new TerminalError('it says nothing');
      taken.push(textOf(message));
      return Promise.resolve(emit());
    };
    const metrics = new PromMetrics();
    await start(idle, { inbox: { prefetch: 1, handler }, metrics });
    await offer('bad');
    await offer('good');
    await until('the good one is taken', () => taken.length === 1);
    const [parked] = await bus().parked();
    expect(parked).toMatchObject({ service: 'sample', reason: { code: 'terminal', error: 'it says nothing' } });
    expect(await metrics.text()).toContain('keelson_parked_total{service="sample",type="inbox",code="terminal"} 1');
    expect(lines()).toContainEqual(
      expect.objectContaining({ reason: 'it says nothing', message: parked?.message?.id }),
    );
  });

  it('tries again after a fault of ours', async () => {
    let tries = 0;
    const handler = (): Promise<Outcome> => {
      tries += 1;
      return tries < 3 ? Promise.reject(new Error('the store is away')) : Promise.resolve(emit());
    };
    await start(idle, { inbox: { prefetch: 1, handler } });
    await offer('something');
    await until('it is taken', () => tries === 3);
    expect(await bus().parked()).toEqual([]);
  });

  it('is taken by one process at a time, the leader, and by the next one when that ends', async () => {
    const by: string[] = [];
    const inboxOf = (name: string) => ({
      prefetch: 1,
      handler: () => (by.push(name), Promise.resolve(emit())),
    });
    const first = await start(idle, { inbox: inboxOf('first') });
    await offer('1');
    await until('the first took it', () => by.length === 1);
    await start(idle, { inbox: inboxOf('second') });
    for (const text of ['2', '3', '4']) await offer(text);
    await until('all are taken', () => by.length === 4);
    await first.close();
    await offer('5');
    await until('the second took over', () => by.length === 5);
    expect(by).toEqual(['first', 'first', 'first', 'first', 'second']);
  });
});
