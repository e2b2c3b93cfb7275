// A bus of its own: publishes numbered events and says which are confirmed; takes deliveries and never answers.
// Arguments: directory, how many to publish before it consumes, how many afterwards.
import { LmdbBus } from '@keelson/bus';
import { composeEvent, eventTypes, newRunId } from '@keelson/events';

const [directory = '', before = '0', after = '0'] = process.argv.slice(2);
const type = eventTypes.runCancelled;
const run = newRunId();
const say = (line: string) => process.stdout.write(`${line}\n`);

function numbered(number: number) {
  const work = { run, attempt: 1, stage: 'source' } as const;
  const time = '2026-01-02T03:04:05Z';
  return composeEvent({ type, work, service: 'child', subjectId: String(number), content: {}, customData: { run }, time });
}

async function main(): Promise<void> {
  setInterval(() => undefined, 60_000); // where nothing is in work, nothing else would keep this process
  const bus = await LmdbBus.open({ directory });
  say('open');
  await bus.declare('builder', [type]);
  const publish = async (number: number) => {
    await bus.publish([numbered(number)]);
    say(`confirmed ${number}`);
  };
  for (let number = 0; number < Number(before); number += 1) await publish(number);
  const taken = bus.consume(
    { service: 'builder', types: [type], prefetch: 2 },
    async (event) => {
      say(`in work ${event.subject}`);
      return new Promise(() => undefined);
    },
    new AbortController().signal,
  );
  for (let number = 0; number < Number(after); number += 1) await publish(Number(before) + number);
  await taken;
}

main().catch((error: Error & { code?: string }) => {
  say(`failed ${error.code}: ${error.message}`);
  process.exit(1);
});
