import { setTimeout as sleep } from 'node:timers/promises';
import type { Observer } from '@keelson/stage';
import { gate, until } from './bus-fixture.contract';
import { observerLoops, OpenItems } from './observer-fixture.contract';

describe('the pace of an observer loop', () => {
  const { observe, linesWith, signal } = observerLoops();

  it('looks again at the interval without any hint', async () => {
    const items = new OpenItems();
    observe({ observer: items, intervalMs: 5 });
    await until('it has looked', () => items.looks > 1);
    items.open.add('a');
    await until('it is marked', () => items.open.size === 0);
  });

  it('looks again when a hint comes while it is looking', async () => {
    const items = new OpenItems();
    const looking = gate();
    const seen = gate();
    const list = items.list.bind(items);
    items.list = async () => {
      const listed = await list();
      looking.open();
      await seen.opened;
      return listed;
    };
    const { loop } = observe({ observer: items });
    await looking.opened;
    items.open.add('a');
    loop.wake();
    seen.open();
    await until('it is marked', () => items.open.size === 0);
  });

  it('takes many hints at once for few', async () => {
    const items = new OpenItems();
    const { loop } = observe({ observer: items });
    await until('it has looked', () => items.looks === 1);
    for (let hint = 0; hint < 1_000; hint++) loop.wake();
    await until('it has looked again', () => items.looks > 1);
    items.open.add('a');
    loop.wake();
    await until('it is marked', () => items.open.size === 0);
    expect(items.looks).toBeLessThan(10);
  });

  it('looks at every hint of changes(), and asks for hints again when they end or fail', async () => {
    const items = new OpenItems();
    let asked = 0;
    const observer: Observer<string> = {
      list: () => items.list(),
      report: (item) => items.report(item),
      mark: (item) => items.mark(item),
      async *changes() {
        asked += 1;
        if (asked === 1) throw new Error('too many watches');
        if (asked === 2) return;
        items.open.add('a');
        yield;
        await new Promise((resolve) => signal().addEventListener('abort', resolve));
      },
    };
    observe({ observer });
    await until('it is marked', () => items.steps.includes('mark a'));
    expect(asked).toBe(3);
    expect(linesWith('too many watches')).toHaveLength(1);
  });

  it('looks after hints have ended: nobody told what happened meanwhile', async () => {
    const items = new OpenItems();
    const changes = async function* (): AsyncIterable<void> {
      if (items.steps.length > 0) return;
      await until('it has looked', () => items.looks === 1);
      yield;
      await until('it has looked at that hint', () => items.looks === 2);
      items.open.add('a');
    };
    const observer: Observer<string> = {
      list: () => items.list(),
      report: (item) => items.report(item),
      mark: (item) => items.mark(item),
      changes,
    };
    observe({ observer });
    await until('it is marked', () => items.steps.includes('mark a'));
  });

  it('does not look again and again while an item that failed is being tried again', async () => {
    const items = new OpenItems();
    const slow = gate();
    const trying = gate();
    let tries = 0;
    items.report = async () => {
      if (++tries === 1) throw new Error('once');
      trying.open();
      await slow.opened;
      return [];
    };
    items.open.add('a');
    observe({ observer: items });
    await trying.opened;
    const looks = items.looks;
    await sleep(60);
    expect(items.looks).toBe(looks);
    slow.open();
    await until('it is marked', () => items.open.size === 0);
  });

  it('never reports one item twice at the same time, and looks again after it', async () => {
    const items = new OpenItems();
    const slow = gate();
    let inWork = 0;
    let most = 0;
    items.report = async (item) => {
      items.steps.push(`report ${item}`);
      most = Math.max(most, ++inWork);
      await slow.opened;
      inWork -= 1;
      return [];
    };
    items.mark = async () => undefined;
    items.open.add('a');
    const { loop } = observe({ observer: items });
    await until('it is in work', () => inWork === 1);
    const looks = items.looks;
    loop.wake();
    await until('it has looked again', () => items.looks > looks);
    expect(inWork).toBe(1);
    slow.open();
    await until('what was seen meanwhile is looked at', () => items.steps.length === 2);
    expect(most).toBe(1);
  });

  it('is not held up by a slow item, and has no more than 16 in work', async () => {
    const items = new OpenItems();
    const slow = gate();
    let inWork = 0;
    let most = 0;
    const mark = items.mark.bind(items);
    items.report = async (item) => {
      most = Math.max(most, ++inWork);
      if (item.startsWith('slow')) await slow.opened;
      else await sleep(1);
      inWork -= 1;
      return [];
    };
    items.mark = mark;
    const names = (kind: string, count: number) => Array.from({ length: count }, (_, index) => `${kind} ${index}`);
    [...names('slow', 10), ...names('quick', 30)].forEach((item) => items.open.add(item));
    const { loop } = observe({ observer: items });
    await until('the quick ones are marked', () => items.open.size === 10);
    items.open.add('later');
    loop.wake();
    await until('a later one is marked', () => items.open.size === 10);
    slow.open();
    await until('all are marked', () => items.open.size === 0);
    expect(most).toBe(16);
  });

  it('has one leader of two', async () => {
    const items = [new OpenItems(), new OpenItems()] as const;
    const loops = items.map((observer) => observe({ observer }).loop);
    await until('one has looked', () => items.some(({ looks }) => looks > 0));
    for (let round = 0; round < 5; round++) {
      const [before, idle] = [items[0].looks, items[1].looks];
      expect(idle).toBe(0);
      loops.forEach((loop) => loop.wake());
      await until('the leader has looked again', () => items[0].looks > before);
    }
  });
});
