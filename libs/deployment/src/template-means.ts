import { readFileSync } from 'node:fs';
import { SealingKey } from '@keelson/pipeline';
import type { PodRegistry, TemplateMeans } from '@keelson/pipeline';
import { dockerConfigText } from './docker-config-text';
import type { Settings } from './read-settings';

/** The key that rendered Job templates are sealed with; undefined: there are none here. @throws SealError when it is no key */
export const templateKey = ({ sealingKey }: Settings<'sealingKey'>): SealingKey | undefined =>
  sealingKey === undefined ? undefined : new SealingKey(Buffer.from(sealingKey.reveal(), 'base64'));

/** What it takes to run Job templates; undefined: none is run here. @throws SealError */
export function templateMeans(
  config: Settings<'sealingKey' | 'podHelper' | 'registries' | 'dockerConfig'>,
): TemplateMeans | undefined {
  const key = templateKey(config);
  const { podHelper: helperImage, registries } = config;
  if (key === undefined || helperImage === undefined) return undefined;
  return { key, helperImage, registries: podRegistries(registries), dockerConfig: dockerConfigText(config) };
}

type Registries = Settings<'registries'>['registries'];

/** The registries as pods reach them, and whom they trust there. @throws what reading a caFile throws */
export const podRegistries = (registries: Registries): readonly PodRegistry[] =>
  registries.map((entry) => ({
    ...{ ...reached(entry), isPlain: entry.plainHttp ?? false },
    ...(entry.caFile === undefined ? {} : { authority: readFileSync(entry.caFile, 'utf8') }),
  }));

/** The registry of a prefix as pods reach it; undefined where nothing is said of it. */
export const podAddress = (registries: Registries, prefix: string): string | undefined =>
  registries.map(reached).find(({ name }) => name === prefix.split('/')[0])?.address;

const reached = ({ name, pull = name, pod = pull }: Registries[number]) => ({ name: pull, address: pod });

/** The variables that templates may read, as the environment has them. */
export const templateVariables = (
  { templateEnv }: Settings<'templateEnv'>,
  variables: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    templateEnv.flatMap((name) => {
      const value = variables[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
