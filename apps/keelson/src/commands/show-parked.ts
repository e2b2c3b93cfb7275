import type { OutsideMessage, Parked } from '@keelson/bus';
import { openBusAccess } from '../bus-access';
import { printableLines, printableText } from '../report/printable';
import { writeJson } from './context';
import type { Asking } from './context';
import { forJson, kindOf, unknownParked } from './parked';

/** Of a message's body, what a person is shown; --json has all of it. */
const shownBytes = 16 * 1024;

/** `keelson parked show ID`: the whole delivery: what was given up, and why. */
export async function showParked(context: Asking, id: string): Promise<void> {
  const bus = await openBusAccess(context.data, context.signal);
  try {
    const found = (await bus.parked()).find((each) => each.id === id);
    if (found === undefined) throw unknownParked(id);
    if (context.isJson) return await writeJson(context, forJson(found));
    for (const line of linesOf(found)) await context.output.write(line);
  } finally {
    await bus.close();
  }
}

function linesOf(parked: Parked): readonly string[] {
  const { id, service, reason, failures, parkedAtMs, event, message } = parked;
  return [
    `${id}: ${kindOf(parked)}`,
    `parked by ${service} at ${new Date(parkedAtMs).toISOString()}, after ${failures === 1 ? '1 failed try' : `${failures} failed tries`}`,
    `${reason.code}:`,
    ...reason.error.split('\n').map((line) => `  ${line}`),
    ...(event === undefined ? [] : ['the event:', ...JSON.stringify(event, null, 2).split('\n')]),
  ]
    .map(printableText)
    .concat(message === undefined ? [] : messageLines(message));
}

function messageLines({ contentType = 'none', headers, body, receivedAtMs }: OutsideMessage): readonly string[] {
  const named = Object.entries(headers).map(([name, value]) => printableText(`  ${name}: ${value}`));
  const text = printableLines(Buffer.from(body.subarray(0, shownBytes)).toString('utf8'));
  return [
    `the message, received at ${new Date(receivedAtMs).toISOString()}, ${body.byteLength} bytes:`,
    printableText(`  content type: ${contentType}`),
    ...named,
    ...text,
    ...(body.byteLength > shownBytes ? [`(${body.byteLength - shownBytes} further bytes; --json has them)`] : []),
  ];
}
