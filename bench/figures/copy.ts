import { copyImage, parseImageReference, RegistryClient } from '@keelson/registry';
import { startRegistry, whyNoRegistry } from '../../libs/registry/src/testing/private-registry';
import type { Figure } from '../figure';
import { pushLargeBase } from '../fixtures/large-base';
import { median, timed } from '../statistics';

const rounds = 9;
const signal = new AbortController().signal;

export const copy: Figure = {
  name: 'copy',
  title: "a 1 GB image under a further name of the same registry (distribution's)",
  limitSeconds: 90,
  async measure(place) {
    const missing = whyNoRegistry();
    if (missing !== undefined) return { skipped: missing };
    const registry = await startRegistry();
    place.defer(() => registry.close());
    place.tell('pushing the image once');
    const pushing = new RegistryClient();
    await pushLargeBase(pushing, `${registry.address}/base:1`);
    await pushing.close();
    const took: number[] = [];
    const requests: number[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      // A new one each time: no open connection, nothing known.
      const client = new RegistryClient();
      let count = 0;
      const to = parseImageReference(`${registry.address}/copy-${round}:1`);
      const counted = client.counted(() => (count += 1));
      const { ms } = await timed(() =>
        copyImage(counted, { from: parseImageReference(`${registry.address}/base:1`), to }, signal),
      );
      await client.close();
      took.push(ms);
      requests.push(count);
    }
    return {
      measures: [
        { name: 'second copy of 1 GB, same registry', value: median(took.slice(1)), unit: 'ms', aim: { atMost: 200 } },
        // Of 15 layers and the configuration one mount each; the manifest read and written.
        { name: 'requests', value: median(requests.slice(1)), unit: '', aim: { atMost: 18 } },
      ],
      notes: [`medians of ${rounds} after one to warm up, each by a new client into a repository that is new`],
    };
  },
};
