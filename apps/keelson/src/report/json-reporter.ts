import { logLine } from '@keelson/events';
import type { Event, LogLineEvent, StageName } from '@keelson/events';
import type { LogLine } from '@keelson/logs';
import type { LineOutput } from './output';
import type { LogOrigin, Reporter } from './reporter';

/**
 * One JSON object a line: each event exactly as published, and each line of output as an event of its own type. Everything
 * else goes to `problems`.
 */
export class JsonReporter implements Reporter {
  /** Lines told, by log: a line has the same id whoever tells it, from its log's beginning. */
  readonly #lines = new Map<string, number>();

  constructor(
    readonly output: LineOutput,
    readonly problems: LineOutput,
  ) {}

  event = (event: Event): Promise<void> => this.output.write(JSON.stringify(event));

  notice = (about: string, message: string): Promise<void> => this.problems.write(`keelson: ${about}: ${message}`);

  fact = this.notice;

  logLine({ run, attempt, stage }: LogOrigin, line: LogLine): Promise<void> {
    const log = `${run}/${attempt}/${stage}`;
    const number = (this.#lines.get(log) ?? 0) + 1;
    this.#lines.set(log, number);
    const [id, source, type, time] = [`${log}/${number}`, `/keelson/${services[stage]}`, logLineType, line.time];
    const told: LogLineEvent = {
      ...{ specversion: '1.0', id, source, type, subject: log, time, datacontenttype: 'application/json' },
      data: {
        context: { specversion: '0.5.1', id, source, type, timestamp: time, chainId: run },
        subject: { id: log, type: 'keelson-log', content: content(line) },
        customData: { run, attempt, stage },
        customDataContentType: 'application/json',
      },
    };
    return this.output.write(JSON.stringify(told));
  }
}

/** Whose work each stage is. */
const services: Record<StageName, string> = {
  source: 'bootstrapper',
  build: 'image-builder',
  publish: 'registry-poller',
  test: 'test-runner',
};

const logLineType = logLine.shape.type.value;

/** Text where the bytes are text, else base64: nothing of the output is changed. */
function content({ bytes, partial }: LogLine): LogLineEvent['data']['subject']['content'] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  const piece = partial === true ? { partial } : {};
  return Buffer.from(text, 'utf8').equals(buffer)
    ? { text, ...piece }
    : { base64: buffer.toString('base64'), ...piece };
}
