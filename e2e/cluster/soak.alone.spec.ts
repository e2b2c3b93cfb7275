import { describeOn } from '@keelson/testbed';
import { expectBalanced, outputOf, runViews } from './support/expect-run';
import { jobsMade } from './support/jobs-made';
import { services } from './support/service-process';
import { Soak } from './support/soak';

/** `npm run soak` sets them to more. */
const changes = Number(process.env.E2E_SOAK_CHANGES ?? 100);
const repositories = Number(process.env.E2E_SOAK_REPOSITORIES ?? 10);
/** What a service may hold more at the end, after a collection: a leak of a few kilobytes per run shows in the long form. */
const growthMb = 8;

jest.setTimeout(600_000 + changes * 15_000);

describeOn(['amqp', 'rabbitApi', 's3', 'registry', 'kubeconfig', 'hostIp'])('services that die at random', () => {
  let soak: Soak;
  beforeEach(async () => {
    const say = (line: string) => void process.stderr.write(`soak: ${line}\n`);
    soak = await Soak.prepare({ changes, repositories, say });
  });
  afterEach(() => soak.close());

  it(`account for each of ${changes} changes over ${repositories} repositories, and hold no more memory than before`, async () => {
    const { account, memory, ...figures } = await soak.run();
    const mb = (bytes: number) => Math.round(bytes / 1e5) / 10;
    const told = ({ rss, held }: { rss: number; held: number }) => `${mb(held)} held of ${mb(rss)}`;
    const megabytes = services.map((name) => [name, told(memory.before[name]), told(memory.after[name])]);
    process.stderr.write(`soak: ${JSON.stringify({ ...figures, fates: account.fates, megabytes })}\n`);
    const { own } = soak.five;
    expect(account).toMatchObject({ seen: changes, balanced: true, unexplained: [] });
    await expectBalanced(own, changes - account.fates.contained - account.fates.superseded);
    await jobsMade(own);
    for (const view of await runViews(own)) {
      if (view.outcome !== 'success') continue;
      expect(view.attempts).toHaveLength(1);
      expect(await outputOf(own, view)).toBe(`commit ${view.commit}\n`);
    }
    for (const name of services) {
      expect(memory.after[name].held - memory.before[name].held).toBeLessThan(growthMb * 1e6);
    }
  });
});
