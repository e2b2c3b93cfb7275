import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { LmdbBus } from '@keelson/bus';
import { eventTypes } from '@keelson/events';
import type { Event } from '@keelson/events';
import { watchKey } from '@keelson/ledger';
import { begin, newAsking, newDirectory, runOf, unaborted } from '../fixture.contract';
import type { Asking } from './context';
import { sources, unwatch, watch } from './sources';

/** What the commands published. */
async function published({ data }: Asking): Promise<readonly Event[]> {
  const bus = await LmdbBus.open({ directory: data.bus });
  const events: Event[] = [];
  for await (const { event } of bus.replay({ from: 0, follow: false }, unaborted)) events.push(event);
  await bus.close();
  return events;
}

describe('commands about sources', () => {
  const repository = realpathSync(newDirectory());
  beforeAll(() => execFileSync('git', ['init', '-q', '--', repository]));

  it('ask for a source to be watched, and not to be', async () => {
    const { asking, out, problems } = await newAsking();
    await watch(asking, [`${repository}^main`, 'https://git.example/team/gadget']);
    await unwatch(asking, [`${repository}^main`]);
    const events = await published(asking);
    expect(events.map(({ type, data }) => [type, data.customData])).toEqual([
      [eventTypes.sourceWatched, { source: repository, pattern: 'main' }],
      [eventTypes.sourceWatched, { source: 'https://git.example/team/gadget' }],
      [eventTypes.sourceUnwatched, { source: repository, pattern: 'main' }],
    ]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(3);
    expect(out.lines[0]).toBe(`asked for ${repository}^main to be watched`);
    expect(problems.lines[0]).toMatch(/none is running on this data directory/);
  });

  it('refuse credentials, and what is no repository', async () => {
    const { asking } = await newAsking();
    const refused = await watch(asking, ['https://me:secret@git.example/x']).catch((error: unknown) => String(error));
    expect(refused).toMatch(/name https:\/\/git.example\/x without credentials/);
    expect(refused).not.toContain('secret');
    await expect(watch(asking, ['/nowhere/at/all'])).rejects.toThrow(/no git repository at/);
    expect(await published(asking)).toEqual([]);
  });

  it('can give up a repository that is gone', async () => {
    const { asking, ledger, out } = await newAsking();
    await ledger.write(watchKey('/srv/gone^main', 1), {
      ...{ source: '/srv/gone', pattern: 'main', sequence: 1, isWatched: true },
      ...{ event: 'e', askedAt: '2026-11-24T10:00:00Z' },
    });
    await unwatch(asking, ['/srv/gone^main', '/srv/other']);
    expect(out.lines[0]).toBe('asked for /srv/gone^main not to be watched any more');
    expect(out.lines[1]).toMatch(/^\/srv\/other was not asked for/);
  });

  it('list what was asked for, and what was seen to change', async () => {
    const { asking, ledger, out } = await newAsking();
    await begin(ledger, runOf(1));
    const asked = { sequence: 1, isWatched: true, event: 'e', askedAt: '2026-11-24T10:00:00Z' };
    await ledger.write(watchKey('/srv/gadget^main', 1), { ...asked, source: '/srv/gadget', pattern: 'main' });
    await sources(asking);
    expect(out.lines).toEqual([
      'watched    /srv/gadget^main since 2026-11-24T10:00:00Z  0 refs recorded',
      'seen       /srv/widget  1 ref recorded',
    ]);
  });

  it('say when there is none', async () => {
    const { asking, problems } = await newAsking();
    await sources(asking);
    expect(problems.lines[0]).toMatch(/no source is known here/);
  });
});
