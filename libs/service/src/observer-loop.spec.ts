import { setTimeout as sleep } from 'node:timers/promises';
import { BusUnavailableError } from '@keelson/bus';
import { gate, published, runCancelled, until } from './bus-fixture.contract';
import { busWith, never, observerLoops, OpenItems } from './observer-fixture.contract';
import { ObserverLoop } from './observer-loop';

describe('an observer loop', () => {
  const { observe, stop, metrics, linesWith, contextOn, bus } = observerLoops();

  it('reports, then publishes, then marks', async () => {
    const items = new OpenItems();
    items.open.add('a');
    const writingDown = busWith(bus(), async (events, signal) => {
      await bus().publish(events, signal);
      items.steps.push(`published ${events.length}`);
    });
    observe({ observer: items, on: writingDown });
    await until('it is marked', () => items.open.size === 0);
    expect(items.steps).toEqual(['report a', 'published 1', 'mark a']);
  });

  it('marks nothing that was not published, and tries it again', async () => {
    const items = new OpenItems();
    items.open.add('a');
    let failures = 2;
    const failing = busWith(bus(), async (events, signal) => {
      if (failures-- > 0) throw new Error('the disk is full');
      await bus().publish(events, signal);
    });
    const { status } = observe({ observer: items, on: failing });
    await until('it is not ready', () => status.reasons().length === 1);
    expect(status.reasons()).toEqual(['the last publish was not confirmed: the disk is full']);
    await until('it is marked', () => items.open.size === 0);
    expect(items.steps).toEqual(['report a', 'report a', 'report a', 'mark a']);
    expect(status.reasons()).toEqual([]);
  });

  it('says in one line, without a stack, that nobody takes an event yet, and publishes it once somebody does', async () => {
    const items = new OpenItems();
    items.open.add('a');
    let failures = 1;
    const alone = busWith(bus(), async (events, signal) => {
      if (failures-- > 0) throw new BusUnavailableError('nobody takes it: start the service that does');
      await bus().publish(events, signal);
    });
    observe({ observer: items, on: alone });
    await until('it is marked', () => items.open.size === 0);
    const lines = linesWith('an item could not be reported');
    expect(lines).toMatchObject([{ item: 'a', reason: 'nobody takes it: start the service that does' }]);
    expect(JSON.stringify(lines)).not.toContain('stack');
  });

  it('tells again what was published but not marked when the process ended', async () => {
    const items = new OpenItems();
    items.open.add('a');
    const told = runCancelled();
    const dying = gate();
    items.report = async () => [told];
    const mark = items.mark.bind(items);
    items.mark = () => {
      dying.open();
      return new Promise(() => undefined);
    };
    const firstLife = new AbortController();
    const first = new ObserverLoop({ observer: items, key: String, intervalMs: never }, contextOn(bus()));
    void first.run(firstLife.signal);
    await dying.opened;
    firstLife.abort();
    items.mark = mark;
    observe({ observer: items });
    await until('it is marked', () => items.open.size === 0);
    expect((await published(bus())).map(({ id }) => id)).toEqual([told.id, told.id]);
  });

  it('tells nothing again that a look saw before it was told', async () => {
    const items = new OpenItems();
    items.open.add('a');
    const [telling, looking] = [gate(), gate()];
    const [report, list] = [items.report.bind(items), items.list.bind(items)];
    items.report = async (item) => telling.opened.then(() => report(item));
    items.list = async () => {
      const seen = await list();
      if (items.looks === 2) await looking.opened; // for what else it looks at
      return seen;
    };
    const { loop } = observe({ observer: items });
    await until('it has looked', () => items.looks === 1);
    loop.wake();
    await until('it looks again', () => items.looks === 2);
    telling.open();
    await until('it is marked', () => items.open.size === 0);
    looking.open();
    await until('it has looked once more', () => items.looks === 3);
    await stop();
    expect(items.steps).toEqual(['report a', 'mark a']);
  });

  it('is ready again when its term has ended: whoever leads next publishes what it could not', async () => {
    const items = new OpenItems();
    items.open.add('a');
    const failing = busWith(bus(), () => Promise.reject(new Error('the disk is full')));
    const { status } = observe({ observer: items, on: failing });
    await until('it is not ready', () => status.reasons().length === 1);
    await stop();
    expect(status.reasons()).toEqual([]);
  });

  it('lets the error of one item stop no other, and keeps only that one back', async () => {
    const items = new OpenItems();
    ['bad', 'b', 'c'].forEach((item) => items.open.add(item));
    const report = items.report.bind(items);
    items.report = async (item) => {
      const events = await report(item);
      if (item === 'bad') throw new Error('unexplained');
      return events;
    };
    const { loop } = observe({ observer: items, retryMs: never });
    await until('the others are marked', () => items.open.size === 1);
    items.open.add('d');
    loop.wake();
    await until('a later one is marked', () => items.open.size === 1);
    expect(items.steps.filter((step) => step === 'report bad')).toHaveLength(1);
    expect(linesWith('an item could not be reported')).toEqual([expect.objectContaining({ item: 'bad' })]);
  });

  it('goes on when a look fails, and says so once', async () => {
    const items = new OpenItems();
    items.open.add('a');
    const list = items.list.bind(items);
    let failures = 3;
    items.list = () => (failures-- > 0 ? Promise.reject(new Error('the store is away')) : list());
    observe({ observer: items });
    await until('it is marked', () => items.open.size === 0);
    expect(linesWith('the store is away')).toHaveLength(1);
    expect(linesWith('an observer can look again')).toHaveLength(1);
    expect(await metrics.text()).toContain(
      'keelson_observer_passes_total{service="sample",observer="sample",outcome="error"} 3',
    );
  });

  it('waits for the item in work when it is told to end, and begins no other', async () => {
    const items = new OpenItems();
    const slow = gate();
    items.report = async (item) => {
      items.steps.push(`report ${item}`);
      await slow.opened;
      return [];
    };
    items.open.add('a');
    observe({ observer: items });
    await until('it is in work', () => items.steps.length === 1);
    let isEnded = false;
    const stopped = stop().then(() => (isEnded = true));
    items.open.add('b');
    await sleep(10);
    expect(isEnded).toBe(false);
    slow.open();
    await stopped;
    expect(items.steps).toEqual(['report a', 'mark a']);
  });
});
