import { newestBases, recordBase } from '@keelson/ledger';
import { parseImageReference } from '@keelson/registry';
import { baseDigests } from './base-digests';
import { unaborted, World } from './builder-fixture.contract';
import type { BuildWork } from './deps';

const startedAt = '2026-01-02T03:04:05Z';
const [before, later] = ['2026-01-02T03:00:00.000Z', '2026-01-02T03:05:00.500Z'];
const [a, b] = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`];

describe('the digest of a base that its builder does not tell', () => {
  let world: World;
  let reference: string;
  let now: string;
  beforeEach(async () => {
    world = await World.open();
    reference = await world.image('base');
    now = (await world.client.head(parseImageReference(reference), unaborted))!.digest;
  });
  afterEach(() => world.end());

  /** What is recorded once the tag was seen at these digests. */
  async function digestAfter(...seen: (readonly [digest: string, seenAt: string])[]) {
    for (const [digest, seenAt] of seen) {
      const builtOn = digest;
      const newest = (await newestBases(world.ledger)).get(reference);
      await recordBase(world.ledger, { reference, digest, seenAt, builtOn }, newest);
    }
    const deps = { ...world.deps(), work: {} as BuildWork };
    const [base] = await baseDigests(deps, { bases: [{ reference }], startedAt }, unaborted);
    return base?.digest;
  }

  it('is what its registry says', async () => {
    expect(await digestAfter()).toBe(now);
  });

  it('is what it was where it was seen to move while the build ran: one build too many, rather than one too few', async () => {
    expect(await digestAfter([a, before], [now, later])).toBe(a);
  });

  it('is what its registry says where it moved before, was first seen then, or has moved on', async () => {
    expect(await digestAfter([a, before], [now, before])).toBe(now);
    await world.end();
    world = await World.open();
    reference = await world.image('base');
    expect(await digestAfter([now, later])).toBe(now);
  });

  it('is that of the registry, too, where that knows of a move that nobody has seen', async () => {
    expect(await digestAfter([a, before], [b, later])).toBe(now);
  });
});
