import { ManagementApi } from './management-api';
import type { ApiAddress, ApiPolicy, ApiQueue } from './management-api';
import { brokerNames } from './names';

export type Policy = {
  name: string;
  pattern: string;
  'apply-to': 'queues';
  priority: number;
  definition: Readonly<Record<string, string | number>>;
};

/**
 * What is live to change at the broker: lengths, and how often a delivery may come back without an answer. The values are where to
 * begin; operators change them by a policy of a higher priority. Without them queues grow without end.
 */
export function topologyPolicies(prefix = ''): readonly Policy[] {
  const escaped = literal(`${prefix}ci.`);
  const policy = (name: string, pattern: string, definition: Policy['definition']): Policy => ({
    name: `${prefix}keelson-${name}`,
    pattern: `^${escaped}${pattern}$`,
    'apply-to': 'queues',
    priority: 10,
    definition,
  });
  return [
    // A full queue refuses its publishers, who wait: nothing is dropped.
    policy('services', '(?!audit$)[a-z][a-z0-9-]*', { 'max-length': 100_000, 'delivery-limit': 10 }),
    policy('audit', 'audit', { 'max-age': '30D' }),
  ];
}

/** Puts the policies in force; may be done again. Returns their names. @throws BusRefusedError, BusUnavailableError */
export async function applyTopology({
  prefix = '',
  ...at
}: ApiAddress & { prefix?: string }): Promise<readonly string[]> {
  const api = new ManagementApi(at);
  const policies = topologyPolicies(prefix);
  for (const { name, ...policy } of policies) await api.putPolicy(name, policy);
  return policies.map(({ name }) => name);
}

/** What the policies should have set and nothing has, by queue: `ci.watcher: max-length`. Other values are an operator's choice. */
export async function missingPolicies(api: ManagementApi, prefix = ''): Promise<string[]> {
  const names = brokerNames(prefix);
  const wanted = topologyPolicies(prefix);
  const all = await api.queues();
  const ours = all.filter(({ name }) => name === names.audit || names.serviceOf(name) !== undefined);
  const areTold = ours.every(({ effective_policy_definition: told }) => told != null);
  const policies = areTold ? [] : await api.policies();
  return ours.flatMap((queue) => {
    const keys = wanted.filter((one) => isFor(one, queue)).flatMap(({ definition }) => Object.keys(definition));
    const inForce = queue.effective_policy_definition ?? inForceOn(queue, policies)?.definition ?? {};
    return keys.filter((key) => !(key in inForce)).map((key) => `${queue.name}: ${key}`);
  });
}

/** As the broker chooses: one, that of the highest priority. */
function inForceOn(queue: ApiQueue, policies: readonly ApiPolicy[]): ApiPolicy | undefined {
  return policies
    .filter((one) => one['apply-to'] !== 'exchanges' && isFor(one, queue))
    .reduce<ApiPolicy | undefined>((best, one) => (best && best.priority >= one.priority ? best : one), undefined);
}

function isFor({ pattern }: Pick<ApiPolicy, 'pattern'>, { name }: ApiQueue): boolean {
  try {
    return new RegExp(pattern).test(name);
  } catch {
    return false; // an operator's, in what only Erlang understands
  }
}

/** What an outsider's user may do at the broker: put messages into the inbox. Results are believed because only services write elsewhere. */
export const outsiderPermissions = (prefix = ''): { configure: string; write: string; read: string } => ({
  configure: '^$',
  write: `^${literal(`${prefix}ci.inbox`)}$`,
  read: '^$',
});

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
