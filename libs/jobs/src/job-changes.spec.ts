import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { JobChanges } from './job-changes';
import { scratch } from './process-harness.contract';

describe('hints at changes', () => {
  let root: string;
  let ending: AbortController;
  beforeEach(() => {
    root = scratch();
    ending = new AbortController();
  });
  afterEach(() => {
    ending.abort();
    rmSync(root, { recursive: true });
  });

  const job = (name: string, file = '') => path.join(root, name, file);

  /** Does it again until the hint comes: a watch that is not there yet sees nothing. */
  async function untilHint(hinted: Promise<unknown>, change: () => void): Promise<void> {
    const timer = setInterval(change, 10);
    await hinted;
    clearInterval(timer);
  }

  it('come with what a job of another process does', async () => {
    mkdirSync(job('a'));
    const hints = new JobChanges().follow(root, ending.signal);
    await untilHint(hints.next(), () => writeFileSync(job('a', 'status.json'), '{}'));
    await untilHint(hints.next(), () => writeFileSync(job('a', 'end.json'), '{}'));
  });

  it('come with a job that is new, and then with what it does', async () => {
    const hints = new JobChanges().follow(root, ending.signal);
    let count = 0;
    await untilHint(hints.next(), () => mkdirSync(job(`a${(count += 1)}`)));
    await untilHint(hints.next(), () => writeFileSync(job('a1', 'status.json'), '{}'));
  });

  it('do not come with output', async () => {
    mkdirSync(job('a'));
    const changes = new JobChanges();
    const hints = changes.follow(root, ending.signal);
    changes.tell();
    await untilHint(hints.next(), changes.tell);
    let hinted = false;
    const next = hints.next().then(() => (hinted = true));
    for (let n = 0; n < 20; n += 1) {
      writeFileSync(job('a', 'output'), String(n));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(hinted).toBe(false);
    await untilHint(next, () => writeFileSync(job('a', 'end.json'), '{}'));
  });

  it('come from this process, to all who listen, until they do not', async () => {
    const changes = new JobChanges();
    const both = [changes.follow(root, ending.signal), changes.follow(root, ending.signal)];
    const hinted = Promise.all(both.map((hints) => hints.next()));
    await untilHint(hinted, changes.tell);
    const ended = Promise.all(both.map((hints) => hints.next()));
    ending.abort();
    expect((await ended).map(({ done }) => done)).toEqual([true, true]);
  });
});
