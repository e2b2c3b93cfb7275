import type { Bus } from './bus';
import { shortTimes, until } from './bus-harness.contract';
import type { BusHarness, MakeHarness } from './bus-harness.contract';

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve());
  });

export function describeLeadership(makeHarness: MakeHarness): void {
  let harness: BusHarness;
  let bus: Bus;
  let other: Bus;
  beforeEach(async () => {
    harness = await makeHarness(shortTimes);
    bus = await harness.open();
    other = await harness.open();
  });
  afterEach(() => harness.end());

  test('of two that would lead a service one does, and the other takes over when it ends', async () => {
    let leading = 0;
    let most = 0;
    const terms: string[] = [];
    const work = (name: string) => async (signal: AbortSignal) => {
      terms.push(name);
      most = Math.max(most, (leading += 1));
      await aborted(signal);
      leading -= 1;
    };
    const [first, second] = [new AbortController(), new AbortController()];
    const firstEnded = bus.lead('watcher', work('first'), first.signal);
    await until('the first leads', () => terms.length === 1);
    const secondEnded = other.lead('watcher', work('second'), second.signal);
    await bus.publish([]); // both have had their turn
    expect(terms).toEqual(['first']);
    first.abort();
    await firstEnded;
    await until('the second leads', () => terms.length === 2);
    second.abort();
    await secondEnded;
    expect(terms).toEqual(['first', 'second']);
    expect(most).toBe(1);
  });

  test('different services are led at the same time', async () => {
    const leading: string[] = [];
    const stopping = new AbortController();
    const work = (service: string) => async (signal: AbortSignal) => {
      leading.push(service);
      await aborted(signal);
    };
    const ended = ['watcher', 'poller'].map((service) => bus.lead(service, work(service), stopping.signal));
    await until('both lead', () => leading.length === 2);
    stopping.abort();
    await Promise.all(ended);
  });

  test('a leader whose work ends or throws leads again', async () => {
    let terms = 0;
    const stopping = new AbortController();
    const work = async (signal: AbortSignal) => {
      terms += 1;
      if (terms === 1) return;
      if (terms === 2) throw new Error('the work broke');
      await aborted(signal);
    };
    const ended = bus.lead('watcher', work, stopping.signal);
    await until('it leads for the third time', () => terms === 3);
    stopping.abort();
    await ended;
    expect(terms).toBe(3);
  });

  test('one that waits to lead can give up', async () => {
    const [first, second] = [new AbortController(), new AbortController()];
    let leads = false;
    const firstEnded = bus.lead('watcher', (signal) => ((leads = true), aborted(signal)), first.signal);
    await until('the first leads', () => leads);
    const secondEnded = other.lead('watcher', () => Promise.reject(new Error('never')), second.signal);
    second.abort();
    await secondEnded;
    first.abort();
    await firstEnded;
  });

  test('closing the bus ends its leaders', async () => {
    let leads = false;
    const ended = bus.lead('watcher', (signal) => ((leads = true), aborted(signal)), new AbortController().signal);
    await until('it leads', () => leads);
    await bus.close();
    await ended;
  });
}
