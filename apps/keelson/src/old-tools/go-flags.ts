import { ToolFailure } from './tool-io';

/** One option, as Go's flag package has them: `-name value`, `-name=value`, the same with two dashes; a bool takes `=value` only. */
export type Flag = { kind: 'string' | 'bool'; default: string; help: string };
export type Flags = Readonly<Record<string, Flag>>;

export type ParsedFlags<F extends Flags> = {
  /** Every option's text: given, else from the environment, else its default. A bool is `true` or `false`. */
  values: { [K in keyof F]: string };
  /** What is left, from the first argument that is no option. */
  rest: readonly string[];
};

const booleans: Readonly<Record<string, string>> = Object.fromEntries([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, 'true']),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, 'false']),
]);

/**
 * Reads options in the way of Go's flag package. One that is not given is taken from the environment, its name in capitals,
 * `_` for `-`; there what is no bool is passed over.
 * @throws ToolFailure with the usage: status 0 for -h, 2 for what is wrong
 */
export function parseFlags<F extends Flags>(
  flags: F,
  { args, env, usage }: { args: readonly string[]; env: Readonly<Record<string, string>>; usage: string },
): ParsedFlags<F> {
  const given = new Map<string, string>();
  const rest = [...args];
  for (let argument = optionOf(rest[0]); argument !== undefined; argument = optionOf(rest[0])) {
    const written = rest.shift();
    if (written === '--') break;
    if (/^[-=]/.test(argument)) throw new ToolFailure(2, `bad flag syntax: ${written ?? ''}\n${usage}`);
    const { name, value } = take({ flags, usage, rest }, argument);
    given.set(name, value);
  }
  const values = Object.entries(flags).map(([name, flag]) => [
    name,
    given.get(name) ?? fromEnvironment(name, flag, env),
  ]);
  return { values: Object.fromEntries(values) as ParsedFlags<F>['values'], rest };
}

/** How every option is written, for the usage. */
export function flagHelp(flags: Flags): string {
  return Object.entries(flags)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, { kind, default: preset, help }]) => {
      const shown = kind === 'string' && preset !== '' ? ` (default "${preset}")` : '';
      return `  -${name}${kind === 'string' ? ' string' : ''}\n    \t${help}${shown}\n`;
    })
    .join('');
}

/** What stands behind the dashes; undefined for what is no option. */
function optionOf(argument: string | undefined): string | undefined {
  if (argument === undefined || argument === '-' || !argument.startsWith('-')) return undefined;
  return argument.startsWith('--') ? argument.slice(2) : argument.slice(1);
}

type Reading = { flags: Flags; usage: string; rest: string[] };

function take({ flags, usage, rest }: Reading, argument: string): { name: string; value: string } {
  const [, name = '', assigned] = /^([^=]*)(?:=(.*))?$/s.exec(argument) ?? [];
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
  if (flag === undefined) throw unknown(name, usage);
  const isBool = flag.kind === 'bool';
  const value = isBool ? booleans[assigned ?? 'true'] : (assigned ?? rest.shift());
  if (value !== undefined) return { name, value };
  const wrong = isBool
    ? `invalid boolean value ${JSON.stringify(assigned)} for -${name}: parse error`
    : `flag needs an argument: -${name}`;
  throw new ToolFailure(2, `${wrong}\n${usage}`);
}

function unknown(name: string, usage: string): ToolFailure {
  const isHelp = name === 'h' || name === 'help';
  return isHelp ? new ToolFailure(0, usage) : new ToolFailure(2, `flag provided but not defined: -${name}\n${usage}`);
}

function fromEnvironment(name: string, flag: Flag, env: Readonly<Record<string, string>>): string {
  const value = env[name.replaceAll(/[-.]/g, '_').toUpperCase()];
  if (value === undefined) return flag.default;
  return flag.kind === 'string' ? value : (booleans[value] ?? flag.default);
}
