import { builderSettings } from '@keelson/builders';
import type { BuilderSettings, StrategyName } from '@keelson/builders';
import { parseImageReference, RegistryClient } from '@keelson/registry';
import type { RegistryClientOptions } from '@keelson/registry';
import { servers } from '@keelson/testbed';
import { podHelperImage } from '../../../libs/jobs/src/kube-harness.contract';

/** What an installation on the testbed is given: a builder, and registries over plain HTTP. */
export async function testbedBuilders(
  hosts: readonly string[] = [servers.registry],
  strategy: StrategyName = 'buildkit',
): Promise<BuilderSettings> {
  return builderSettings.parse({
    ...{ helperImage: await podHelperImage(), [strategy]: { image: await builderImage(strategy), memory: '1Gi' } },
    registries: hosts.map((host) => ({ host, plainHttp: true })),
  });
}

export const overPlainHttp = (hosts: readonly string[]): NonNullable<RegistryClientOptions['registries']> =>
  hosts.map((name) => ({ name, push: name, pull: name, plainHttp: true }));

const published: Record<StrategyName, string> = {
  buildkit: 'buildkit:0.24',
  kaniko: 'kaniko:1.25',
  makisu: 'makisu:0.4',
};

/** The testbed's image of it, by digest. */
async function builderImage(strategy: StrategyName): Promise<string> {
  const client = new RegistryClient({ registries: overPlainHttp([servers.registry]) });
  const name = published[strategy];
  const found = await client.head(parseImageReference(`${servers.registry}/${name}`), new AbortController().signal);
  await client.close();
  if (found !== undefined) return `${servers.registry}/${strategy}@${found.digest}`;
  throw new Error(`${servers.registry} has no ${name}: \`testbed/testbed images\` makes it`);
}
