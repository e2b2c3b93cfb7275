import { z } from 'zod';

/** As much of a JSON Schema as is told in a table. */
type Shape = {
  type?: string;
  const?: unknown;
  enum?: readonly unknown[];
  pattern?: string;
  format?: string;
  properties?: Readonly<Record<string, Shape>>;
  required?: readonly string[];
  anyOf?: readonly Shape[];
  items?: Shape;
};

export const jsonSchemaOf = (schema: z.ZodType): Readonly<Record<string, unknown>> =>
  z.toJSONSchema(schema, { target: 'draft-7', io: 'input', unrepresentable: 'any' });

/** The leaves of a schema, each as `name: what it is`, the optional ones marked. */
export function fieldsOf(schema: z.ZodType): readonly string[] {
  return leaves(jsonSchemaOf(schema) as Shape, '');
}

function leaves({ properties = {}, required = [] }: Shape, before: string): string[] {
  return Object.entries(properties).flatMap(([name, shape]) => {
    const path = `${before}${name}`;
    const inner = leaves(shape, `${path}.`);
    const mark = required.includes(name) ? '' : '?';
    if (inner.length > 0) return mark === '' ? inner : inner.map((line) => line.replace(`\`${path}.`, `\`${path}?.`));
    return [`\`${path}${mark}\`: ${wordsFor(shape)}`];
  });
}

/** Patterns that have a name among people. */
const named: Readonly<Record<string, string>> = { commit: '[0-9a-f]{40}', digest: 'sha256:' };

function wordsFor(shape: Shape): string {
  const { type = 'any', const: only, enum: choices, pattern = '', format, items } = shape;
  if (only !== undefined) return `\`${JSON.stringify(only)}\``;
  if (choices !== undefined) return choices.map((choice) => `\`${String(choice)}\``).join(', ');
  if (type === 'array') return `list of ${items === undefined ? 'anything' : wordsFor(items)}`;
  const known = Object.entries(named).find(([, text]) => pattern.includes(text));
  return known?.[0] ?? format ?? type;
}
