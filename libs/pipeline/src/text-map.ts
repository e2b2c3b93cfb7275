import { z } from 'zod';

/** A NUL ends a string for the system: what follows would be lost, or refused when the process is started. */
export const hasNoNul = (text: string): boolean => !text.includes('\0');
export const nulMessage = 'may not hold a NUL character';

/** Names with text. Numbers and booleans are text as well: the reader hands them over as they are written. */
export const textMap = (name: z.ZodString) =>
  z.record(name, z.union([z.string(), z.number(), z.boolean()]).transform(String).refine(hasNoNul, nulMessage));
