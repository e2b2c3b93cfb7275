import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError } from './config-error';
import type { ConfigFault } from './config-error';
import { deepFreeze } from './deep-freeze';
import type { Frozen } from './deep-freeze';
import { nearest } from './nearest';
import { isSecret } from './secret-file';

/** `process.env`, passed in by an app's config.ts. */
export type Environment = Readonly<Record<string, string | undefined>>;

export type ParseOptions<Key extends string> = {
  /** Of all variables that are ours. Default `KEELSON_`. */
  prefix?: string;
  /** Variables not named `<prefix><KEY_IN_CAPITALS>`, by key: `{ home: 'HOME' }`. */
  names?: Partial<Record<Key, string>>;
  /** Variables with our prefix that others read: not an error when they are set. */
  alsoKnown?: readonly string[];
};

/**
 * The environment as a frozen object of the schema's type. The key `retryMs` is read from `KEELSON_RETRY_MS`; a variable that is
 * set to nothing counts as not set; of a `secretFile()` the variable `<NAME>_FILE` may name a file instead.
 * @throws ConfigError naming every fault: bad and missing values, files that cannot be read, unknown variables with our prefix
 */
export function parseConfig<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  env: Environment,
  options: ParseOptions<keyof Shape & string> = {},
): Frozen<z.output<z.ZodObject<Shape>>> {
  const prefix = options.prefix ?? 'KEELSON_';
  const variables = variablesOf(schema, prefix, options.names ?? {});
  const { values, faults } = readVariables(variables, env);
  const parsed = schema.safeParse(values);
  const unread = new Set(faults.map(({ key }) => key));
  const invalid = parsed.success ? [] : faultsOf(parsed.error, variables, values).filter(({ key }) => !unread.has(key));
  const known = [...variables.flatMap(namesOf), ...(options.alsoKnown ?? [])];
  const all = [...faults, ...invalid, ...unknownVariables(env, prefix, known)];
  if (all.length > 0 || !parsed.success) throw new ConfigError(all);
  return deepFreeze(parsed.data);
}

/** The variable that a key is read from: `retryMs` from `KEELSON_RETRY_MS`. */
export const variableName = (key: string, prefix = 'KEELSON_'): string =>
  prefix + key.replace(/[A-Z]/g, '_$&').toUpperCase();

/** A key of the schema and the variable it is read from. */
type Variable = { key: string; name: string; secret: boolean };

const fileSuffix = '_FILE';
const namesOf = ({ name, secret }: Variable): string[] => (secret ? [name, name + fileSuffix] : [name]);

function variablesOf(schema: z.ZodObject, prefix: string, names: Partial<Record<string, string>>): Variable[] {
  return Object.entries(schema.shape).map(([key, inner]) => ({
    key,
    name: names[key] ?? variableName(key, prefix),
    secret: isSecret(inner),
  }));
}

type Values = Record<string, string | undefined>;

function readVariables(variables: readonly Variable[], env: Environment): { values: Values; faults: ConfigFault[] } {
  const values: Values = {};
  const faults: ConfigFault[] = [];
  for (const variable of variables) {
    try {
      values[variable.key] = read(variable, env);
    } catch (error) {
      faults.push({ key: variable.name, message: (error as Error).message });
    }
  }
  return { values, faults };
}

function read({ name, secret }: Variable, env: Environment): string | undefined {
  const value = env[name] || undefined;
  const file = secret ? env[name + fileSuffix] : undefined;
  if (!file) return value;
  if (value !== undefined) throw new Error(`is set, and so is ${name}${fileSuffix}: only one of them may be`);
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new Error(`the file that ${name}${fileSuffix} names cannot be read: ${(error as Error).message}`);
  }
}

function faultsOf(error: z.ZodError, variables: readonly Variable[], values: Values): ConfigFault[] {
  return error.issues.map(({ path, message }) => {
    const variable = variables.find(({ key }) => key === path[0]);
    if (variable === undefined) return { key: 'all together', message };
    const isMissing = path.length === 1 && values[variable.key] === undefined;
    return { key: variable.name, message: isMissing ? `is required${fileHint(variable)}` : message };
  });
}

const fileHint = ({ name, secret }: Variable): string => (secret ? `, or ${name}${fileSuffix} with a file's name` : '');

function unknownVariables(env: Environment, prefix: string, known: readonly string[]): ConfigFault[] {
  const unknown = Object.keys(env).filter((name) => name.startsWith(prefix) && !known.includes(name));
  return unknown.map((key) => {
    // Without the prefix, which all names share: it would make every name look near.
    const candidates = known.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
    const near = nearest(key.slice(prefix.length), candidates);
    return { key, message: near === undefined ? 'is not known' : `is not known; did you mean ${prefix}${near}?` };
  });
}
