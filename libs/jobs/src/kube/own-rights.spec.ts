import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { KubeJobs } from './kube-jobs';
import { describeOn, servers } from '@keelson/testbed';
import { parse } from 'yaml';
import { jobSpec, sh, stateOf, until } from '../jobs-harness.contract';
import { kubeHarness } from '../kube-harness.contract';
import type { KubeHarness } from '../kube-harness.contract';

const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces';
type Rule = { apiGroups: string[]; resources: string[]; verbs: string[] };
type Kubeconfig = { users: { name: string }[] };

const jobRules: Rule = { apiGroups: ['batch'], resources: ['jobs'], verbs: ['*'] };
const podRules: Rule = { apiGroups: [''], resources: ['pods'], verbs: ['list', 'patch', 'watch'] };
const logRules: Rule = { apiGroups: ['*'], resources: ['*/log'], verbs: ['get'] };
const eventRules: Rule = { apiGroups: [''], resources: ['events'], verbs: ['list'] };

describeOn(['kubeconfig', 'registry'])('rights on a cluster', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'keelson-rights-'));
  let harness: KubeHarness;
  beforeAll(async () => {
    harness = await kubeHarness();
  });
  afterAll(async () => {
    await harness.end();
    rmSync(directory, { recursive: true });
  });

  const make = (what: string, at: string, body: object) =>
    harness.api.call({ what: `making ${what}`, method: 'POST', path: at, body });

  /** A kubeconfig of an account of this name. */
  async function newAccount(name: string): Promise<string> {
    const at = `/api/v1/namespaces/${harness.namespace}/serviceaccounts`;
    await make('an account', at, { metadata: { name } });
    const answer = await make('a token', `${at}/${name}/token`, { spec: { expirationSeconds: 3600 } });
    const { token } = (answer as { status: { token: string } }).status;
    const config = parse(readFileSync(servers.kubeconfig, 'utf8')) as Kubeconfig;
    const users = config.users.map((user) => ({ name: user.name, user: { token } }));
    const file = path.join(directory, name);
    writeFileSync(file, JSON.stringify({ ...config, users }));
    return file;
  }

  async function allow(account: string, rules: readonly Rule[], name = account): Promise<void> {
    const metadata = { name };
    await make('a role', `${rbac}/${harness.namespace}/roles`, { metadata, rules });
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name };
    const subjects = [{ kind: 'ServiceAccount', name: account, namespace: harness.namespace }];
    await make('a binding', `${rbac}/${harness.namespace}/rolebindings`, { metadata, roleRef, subjects });
  }

  const lacking = (...rights: readonly string[]) =>
    rights.map((right) => `may not ${right} in the namespace ${harness.namespace}: give its Role this right`);

  /** Roles take effect a little later, and an API server with much to do is not waited for. */
  const untilMissing = (jobs: KubeJobs, expected: readonly string[]) =>
    until(`missing are ${expected.join('; ') || 'none'}`, async () => {
      const missing = await jobs.missingRights();
      return missing.length === expected.length && missing.every((right, at) => right === expected[at]);
    });

  it('are not missing for an administrator, nor for all namespaces', async () => {
    expect(await (await harness.open()).missingRights()).toEqual([]);
    expect(await (await harness.open({ anyNamespace: true })).missingRights()).toEqual([]);
  });

  it('are named one by one, and as soon as they are given no more', async () => {
    const jobs = await harness.open({ kubeconfig: await newAccount('some') });
    await allow('some', [jobRules, { ...podRules, verbs: ['list', 'patch'] }]);
    const some = lacking('watch pods', 'get pods/log', 'list events');
    await untilMissing(jobs, some);
    await allow('some', [podRules, logRules, eventRules], 'rest');
    await untilMissing(jobs, []);
  });

  it('in one namespace are not those in all of them', async () => {
    const kubeconfig = await newAccount('narrow');
    await allow('narrow', [jobRules, podRules, logRules, eventRules]);
    await untilMissing(await harness.open({ kubeconfig }), []);
    const wide = await harness.open({ kubeconfig, anyNamespace: true });
    await until('it is told', async () => (await wide.missingRights()).length > 0);
    const everywhere = await wide.missingRights();
    expect(everywhere).toContain('may not list jobs.batch in any namespace: give its ClusterRole this right');
    expect(everywhere).toHaveLength(10);
  });

  it('to watch are missed once in what an operator is told, however often it is tried', async () => {
    const warnings: string[] = [];
    const onWarning = (message: string) => void warnings.push(message);
    const jobs = await harness.open({ kubeconfig: await newAccount('blind'), onWarning });
    const stopping = new AbortController();
    let hints = 0;
    const following = (async () => {
      for await (const _ of jobs.changes(stopping.signal)) hints += 1;
    })();
    await until('it was tried three times', () => hints >= 3);
    stopping.abort();
    await following;
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/cannot watch resource "pods".*: give its Role this right$/);
  });

  it('to list are missed in the same words each time, whichever list is refused first', async () => {
    const jobs = await harness.open({ kubeconfig: await newAccount('nobody') });
    const said = new Set<string>();
    for (let look = 0; look < 50; look += 1) said.add(await jobs.list().then(() => 'nothing is missing', String));
    expect([...said]).toEqual([expect.stringMatching(/listing jobs was refused by the cluster: .*"jobs"/)]);
  });

  it('to see events are not needed to see jobs, also those whose pod is refused', async () => {
    const quota = { metadata: { name: 'no-pods' }, spec: { hard: { pods: '0' } } };
    await make('a quota', `/api/v1/namespaces/${harness.namespace}/resourcequotas`, quota);
    const jobs = await harness.open({ kubeconfig: await newAccount('deaf') });
    await allow('deaf', [jobRules, podRules]);
    await untilMissing(jobs, lacking('get pods/log', 'list events'));
    const job = jobSpec(harness, sh('exit 0'));
    await jobs.ensure(job);
    const knowing = await harness.open();
    const isRefused = async () => (await stateOf(knowing, job.name))?.waitingFor?.includes('exceeded quota');
    await until('its pod is refused', async () => (await isRefused()) === true);
    expect(await stateOf(jobs, job.name)).toMatchObject({ phase: 'waiting' });
    await knowing.remove(job.name);
  });
});
