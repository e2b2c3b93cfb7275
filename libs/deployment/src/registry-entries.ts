import { z } from 'zod';

const entry = z.strictObject({
  name: z.string().min(1),
  push: z.string().min(1).optional(),
  pull: z.string().min(1).optional(),
  pod: z.string().min(1).optional(),
  plainHttp: z.boolean().optional(),
  caFile: z.string().min(1).optional(),
});

/** A JSON array of what has to be said of registries besides their names: `[{"name":"registry.test:5000","plainHttp":true}]`. */
export const registryEntries = () =>
  z.string().transform((text, context) => {
    const parsed = z.array(entry).safeParse(json(text));
    if (parsed.success) return parsed.data.map(withoutUndefined);
    const faults = parsed.error.issues.map(({ path, message }) => [...path, message].join(' '));
    context.addIssue({
      code: 'custom',
      message: `is not a JSON array of {name, push, pull, pod, plainHttp, caFile}: ${faults.join('; ')}`,
    });
    return z.NEVER;
  });

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no array either
  }
}

type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

const withoutUndefined = <T extends object>(value: T): Defined<T> =>
  Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as Defined<T>;
