import { z } from 'zod';

/**
 * A transform from a number with a unit to whole base units.
 * @param asked what a person should have written, for the message
 */
export function amount({ units, asked }: { units: Readonly<Record<string, number>>; asked: string }) {
  return (text: string, context: z.RefinementCtx): number => {
    const parts = /^(\d+(?:\.\d+)?)\s*([a-zA-Z]*)$/.exec(text.trim());
    const unit = parts?.[2] ?? '';
    const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
    const value = Math.round(Number(parts?.[1]) * (factor ?? NaN));
    if (Number.isSafeInteger(value)) return value;
    context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} is not ${asked}` });
    return z.NEVER;
  };
}
