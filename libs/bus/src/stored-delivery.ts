import { z } from 'zod';

/** Why a delivery is, or is to be, parked. */
const parkReason = z.object({
  code: z.enum(['terminal', 'retries-exhausted', 'expired', 'crash-loop']),
  error: z.string(),
});

/** What is kept of a delivery besides its event. */
export const storedDelivery = z.object({
  failures: z.int().min(0),
  agains: z.int().min(0),
  /** Time spent on `again` so far, handler and waits: counted, not the difference of two clock readings, which a jump would spoil. */
  againSpentMs: z.number().min(0),
  /** Hand-outs since the last answer. Counted before the handler runs: a crash leaves the count behind. */
  handOuts: z.int().min(0),
  redelivered: z.boolean(),
  /** The length of the wait it is in: no restart and no clock may make it longer. */
  delayMs: z.number().min(0).optional(),
  /** Set once it is decided that it will be parked, until `onPark` has succeeded. */
  parking: z.object({ reason: parkReason, tries: z.int().min(0) }).optional(),
  parkedAtMs: z.number().optional(),
});
export type StoredDelivery = z.infer<typeof storedDelivery>;

export const freshDelivery: StoredDelivery = {
  failures: 0,
  agains: 0,
  againSpentMs: 0,
  handOuts: 0,
  redelivered: false,
};

/** A row that this version cannot read becomes a delivery that is to be parked: kept for a person to look at. */
export function readDelivery(text: string): StoredDelivery {
  try {
    return storedDelivery.parse(JSON.parse(text));
  } catch (error) {
    const reason = { code: 'terminal' as const, error: `the stored delivery cannot be read: ${String(error)}` };
    return { ...freshDelivery, redelivered: true, parking: { reason, tries: 0 } };
  }
}
