import { SealingKey } from '@keelson/pipeline';
import type { TemplateMeans } from '@keelson/pipeline';
import type { Settings } from './read-settings';

/** The key that rendered Job templates are sealed with; undefined: there are none here. @throws SealError when it is no key */
export const templateKey = ({ sealingKey }: Settings<'sealingKey'>): SealingKey | undefined =>
  sealingKey === undefined ? undefined : new SealingKey(Buffer.from(sealingKey.reveal(), 'base64'));

/** What it takes to run Job templates; undefined: none is run here. @throws SealError */
export function templateMeans(config: Settings<'sealingKey' | 'podHelper' | 'registries'>): TemplateMeans | undefined {
  const key = templateKey(config);
  const { podHelper: helperImage, registries } = config;
  if (key === undefined || helperImage === undefined) return undefined;
  return { key, helperImage, plainHttp: plainRegistries(registries) };
}

/** The registries that are reached without TLS, as pods name them. */
export const plainRegistries = (registries: Settings<'registries'>['registries']): readonly string[] =>
  registries.filter(({ plainHttp }) => plainHttp === true).map(({ name, pull = name }) => pull);

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
