import { builderSettings } from '@keelson/builders';
import type { BuilderSettings } from '@keelson/builders';
import { parseImageReference, RegistryClient } from '@keelson/registry';
import type { RegistryClientOptions } from '@keelson/registry';
import { servers } from '@keelson/testbed';
import { podHelperImage } from '../../../libs/jobs/src/kube-harness.contract';

/** What an installation on the testbed is given: its BuildKit, and registries over plain HTTP. */
export async function testbedBuilders(hosts: readonly string[] = [servers.registry]): Promise<BuilderSettings> {
  return builderSettings.parse({
    ...{ helperImage: await podHelperImage(), buildkit: { image: await buildkitImage(), memory: '1Gi' } },
    registries: hosts.map((host) => ({ host, plainHttp: true })),
  });
}

export const overPlainHttp = (hosts: readonly string[]): NonNullable<RegistryClientOptions['registries']> =>
  hosts.map((name) => ({ name, push: name, pull: name, plainHttp: true }));

/** `buildkit:0.24` of the testbed, by digest. */
async function buildkitImage(): Promise<string> {
  const client = new RegistryClient({ registries: overPlainHttp([servers.registry]) });
  const name = parseImageReference(`${servers.registry}/buildkit:0.24`);
  const found = await client.head(name, new AbortController().signal);
  await client.close();
  if (found !== undefined) return `${servers.registry}/buildkit@${found.digest}`;
  throw new Error(`${servers.registry} has no buildkit:0.24: \`testbed/testbed images\` makes it`);
}
