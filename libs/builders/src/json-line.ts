import type { z } from 'zod';

/** A line as the JSON it may be; undefined when it is something else, such as what a command printed. */
export function jsonLine<T>(text: string, schema: z.ZodType<T>): T | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined; // a command may print a brace, too
  }
}
