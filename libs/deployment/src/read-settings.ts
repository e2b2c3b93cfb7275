import { isSecret, parseConfig, variableName } from '@keelson/config';
import type { Environment, Frozen } from '@keelson/config';
import { z } from 'zod';
import { settings } from './settings';
import type { SettingName } from './settings';

/** The values of some settings. */
export type Settings<Name extends SettingName> = Frozen<{
  [Key in Name]: z.output<(typeof settings)[Key]['schema']>;
}>;

/** Named by the tools they come from. */
const names = { dockerConfig: 'DOCKER_CONFIG' };

/** The variable that a setting is read from. */
export const variableOf = (name: SettingName): string =>
  name === 'dockerConfig' ? names.dockerConfig : variableName(name);

/** The variables that a setting may be given by: a secret may be in a file instead. */
export function variablesOf(name: SettingName): readonly string[] {
  const variable = variableOf(name);
  return isSecret(settings[name].schema) ? [variable, `${variable}_FILE`] : [variable];
}

/** Set for all services alike, whoever reads them: one ConfigMap is for all. */
const alsoKnown = (Object.keys(settings) as SettingName[]).flatMap(variablesOf);

/**
 * Reads the named settings from the environment; the others may be set too. A variable that is no setting at all is a fault.
 * @throws ConfigError naming every fault
 */
export function readSettings<const Name extends SettingName>(
  wanted: readonly Name[],
  env: Environment,
): Settings<Name> {
  const shape = Object.fromEntries(wanted.map((name) => [name, settings[name].schema]));
  const read = parseConfig(z.object(shape), env, { names, alsoKnown });
  return read as Settings<Name>;
}
