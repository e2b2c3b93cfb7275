import type { QueueState } from '@keelson/bus';
import { openBusAccess } from '../bus-access';
import { duration } from '../report/duration';
import { printableText } from '../report/printable';
import { writeJson } from './context';
import type { Asking } from './context';

/** `keelson queues`: what waits for each service and in the inbox, how long already, and who takes it. */
export async function queues(context: Asking): Promise<void> {
  const bus = await openBusAccess(context.data, context.signal);
  try {
    const states = await bus.queues();
    if (context.isJson) {
      for (const state of states) await writeJson(context, state);
      return;
    }
    if (states.length === 0)
      return await context.problems.write('keelson: there is no queue yet; `keelson up` makes them');
    for (const line of table(states)) await context.output.write(printableText(line));
  } finally {
    await bus.close();
  }
}

/** What cannot be told here has a dash. */
const countOr = (count: number | undefined): string => (count === undefined ? '-' : String(count));

const columns: readonly (readonly [title: string, of: (state: QueueState) => string])[] = [
  ['queue', ({ service }) => service],
  ['ready', ({ ready }) => String(ready)],
  ['oldest', ({ oldestMs }) => (oldestMs === undefined ? '-' : duration(oldestMs))],
  ['in work', ({ inWork }) => countOr(inWork)],
  ['again', ({ again }) => String(again)],
  ['retry', ({ retry }) => String(retry)],
  ['parked', ({ parked }) => String(parked)],
  ['dead', ({ dead }) => countOr(dead)],
  ['consumers', ({ consumers }) => String(consumers)],
];

function table(states: readonly QueueState[]): readonly string[] {
  const rows = [columns.map(([title]) => title), ...states.map((state) => columns.map(([, of]) => of(state)))];
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  // The name to the left, numbers to the right.
  const cell = (text: string, at: number) => (at === 0 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0));
  return rows.map((row) => row.map(cell).join('  '));
}
