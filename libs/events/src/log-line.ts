import { z } from 'zod';
import { cloudEvent } from './cdevent';
import { runData, stageName } from './custom-data';

/**
 * A line of a test's or a build's output, as `keelson up --json` and `keelson logs --json` print it. It never goes over the bus: a log is
 * kept in chunks. Its id is the log and the line's number, from 1.
 */
export const logLine = cloudEvent({
  type: 'dev.cdeventsx.keelson-log.line.0.1.0',
  subject: 'keelson-log',
  /** `text` where the bytes are UTF-8, else `base64`. `partial`: no line end followed, the next line goes on with it. */
  content: z.union([
    z.object({ text: z.string(), partial: z.literal(true).optional() }),
    z.object({ base64: z.base64(), partial: z.literal(true).optional() }),
  ]),
  customData: runData.pick({ run: true, attempt: true }).extend({ stage: stageName }),
});
export type LogLineEvent = z.infer<typeof logLine>;
