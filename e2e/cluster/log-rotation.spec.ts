import { describeOn } from '@keelson/testbed';
import { expectBalanced, logOf } from './support/expect-run';
import { FiveServices } from './support/five-services';

jest.setTimeout(600_000);

/** Three times 20 MB: the kubelet looks every 10 s, and begins a new file when one has more than 10 MiB. */
const burst = 200_000;
const bursts = 3;
const printing = `from=0
for burst in 1 2 3; do
  awk -v from=$from -v count=${burst} 'BEGIN { for (i = from; i < from + count; i++) printf "%08d %090d\\n", i, 0 }'
  from=$((from + ${burst}))
  sleep 12
done
echo end`;

describeOn(['amqp', 'rabbitApi', 's3', 'registry', 'kubeconfig', 'hostIp'])('a test that prints 60 MB', () => {
  let five: FiveServices;
  beforeEach(async () => {
    five = await FiveServices.prepare({ repositories: ['loud'] });
  });
  afterEach(() => five.close());

  it('has a log without a missing line, or one that says where lines are missing, though its files are rotated', async () => {
    const [loud] = five.repositories;
    loud?.clusterPipeline(printing);
    await five.start();
    loud?.push();
    const [view] = await five.untilEnded(1);
    expect(view).toMatchObject({ outcome: 'success', attempts: [{ attempt: 1 }] });
    const { manifest, text } = await logOf(five.own, view?.run ?? '', 1);
    const lines = text.split('\n').slice(0, -1);
    expect(lines.pop()).toBe('end');
    const numbers = lines.map((line) => Number(line.slice(0, 8)));
    expect(numbers.findIndex((number, index) => index > 0 && number <= (numbers[index - 1] ?? 0))).toBe(-1);
    const missing = burst * bursts - numbers.length;
    process.stderr.write(`log-rotation: ${missing} lines are missing, ${JSON.stringify(manifest.gaps)}\n`);
    expect(manifest.complete && missing > 0).toBe(false);
    await expectBalanced(five.own, 1);
  });
});
