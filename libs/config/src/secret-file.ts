import { z } from 'zod';
import { Secret } from './secret';

const secretSchemas = new WeakSet<z.core.$ZodType>();

/**
 * A secret: from the variable itself, or from the file that `<NAME>_FILE` names (as Kubernetes mounts them); the file's last
 * line break is not part of it. The value is a Secret, and no message shows it. May be wrapped: `secretFile().optional()`.
 */
export function secretFile() {
  const schema = z.string().transform((value) => new Secret(value));
  secretSchemas.add(schema);
  return schema;
}

/** Whether a schema, or what it wraps, is a `secretFile()`. */
export function isSecret(schema: z.core.$ZodType): boolean {
  if (secretSchemas.has(schema)) return true;
  const { innerType, in: input } = schema._zod.def as { innerType?: z.core.$ZodType; in?: z.core.$ZodType };
  const inner = innerType ?? input;
  return inner !== undefined && isSecret(inner);
}
