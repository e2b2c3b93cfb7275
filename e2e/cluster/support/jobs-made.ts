import { kubectl } from './kubectl';
import type { OwnServers } from './own-servers';

type KubeEvent = { reason: string; count?: number; involvedObject: { kind: string; name: string; uid: string } };

/**
 * Names of all Jobs that ever had a pod in the namespace, also of those deleted since, by what the cluster remembers.
 * @throws the test's failure when two Jobs had one name one after the other, or one had two pods
 */
export async function jobsMade(own: OwnServers): Promise<string[]> {
  const which = ['--field-selector', 'reason=SuccessfulCreate,involvedObject.kind=Job'];
  const { items } = JSON.parse(await kubectl(['get', 'events', '-n', own.name, ...which, '-o', 'json'])) as {
    items: KubeEvent[];
  };
  const names = items.flatMap(({ involvedObject, count }) => Array<string>(count ?? 1).fill(involvedObject.name));
  expect(names.sort()).toEqual([...new Set(names)]);
  return names;
}
