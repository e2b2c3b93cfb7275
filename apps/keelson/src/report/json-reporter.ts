import type { Event } from '@keelson/events';
import type { LogLine } from '@keelson/logs';
import type { LineOutput } from './output';
import type { LogOrigin, Reporter } from './reporter';

const logLineType = 'dev.cdeventsx.keelson-log.line.0.1.0';

/** One JSON object a line: each event exactly as published, and each line of output as an event of its own type. Notices go to `problems`. */
export class JsonReporter implements Reporter {
  #lines = 0;

  constructor(
    readonly output: LineOutput,
    readonly problems: LineOutput,
  ) {}

  event = (event: Event): Promise<void> => this.output.write(JSON.stringify(event));

  notice = (about: string, message: string): Promise<void> => this.problems.write(`keelson: ${about}: ${message}`);

  logLine(origin: LogOrigin, line: LogLine): Promise<void> {
    const { run, attempt } = origin;
    const id = `${run}/${attempt}/test/${(this.#lines += 1)}`;
    const [source, time] = ['/keelson/test-runner', line.time];
    return this.output.write(
      JSON.stringify({
        ...{ specversion: '1.0', id, source, type: logLineType, subject: `${run}/${attempt}/test`, time },
        datacontenttype: 'application/json',
        data: {
          context: { specversion: '0.5.1', id, source, type: logLineType, timestamp: time, chainId: run },
          subject: { id: `${run}/${attempt}/test`, type: 'keelson-log', content: content(line) },
        },
      }),
    );
  }
}

/** Text where the bytes are text, else base64: nothing of the output is changed. */
function content(line: LogLine): object {
  const bytes = Buffer.from(line.bytes);
  const text = bytes.toString('utf8');
  const partial = line.partial === true ? { partial: true } : {};
  return Buffer.from(text, 'utf8').equals(bytes)
    ? { text, ...partial }
    : { base64: bytes.toString('base64'), ...partial };
}
