import type { KubeObject, ManifestJob } from '../jobs';
import { checkAccounts } from './allowed-account';

const jobWith = (pod: object, ...beside: KubeObject[]): ManifestJob => ({
  ...{ name: '0.1.test', timeoutMs: 1000 },
  objects: [
    ...beside,
    { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'test' }, spec: { template: { spec: pod } } },
  ],
});
const token = (account: string): KubeObject => ({
  ...{ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/service-account-token' },
  metadata: { name: 'token', annotations: { 'kubernetes.io/service-account.name': account } },
});

describe('the service account of a job', () => {
  it('is any that the operator allows, or none', () => {
    expect(() => checkAccounts(jobWith({}), [])).not.toThrow();
    expect(() => checkAccounts(jobWith({ serviceAccountName: 'tester' }), ['other', 'tester'])).not.toThrow();
    expect(() => checkAccounts(jobWith({}, token('tester')), ['tester'])).not.toThrow();
  });

  it.each([
    ['as a pod names it', jobWith({ serviceAccountName: 'admin' })],
    ['by its old name', jobWith({ serviceAccount: 'admin' })],
    ['beside one that is allowed', jobWith({ serviceAccountName: 'tester', serviceAccount: 'admin' })],
    ['as the owner of a token in a Secret of its own', jobWith({}, token('admin'))],
  ])('is no other: %s', (_, job) => {
    const refusal = {
      ...{ code: 'jobs', fault: 'user', transient: false },
      message: 'the job 0.1.test asks for the service account admin: allowed here: tester (KEELSON_JOB_ACCOUNTS)',
    };
    expect(caught(() => checkAccounts(job, ['tester']))).toMatchObject(refusal);
    expect(String(caught(() => checkAccounts(job, [])))).toContain('none is allowed here');
  });
});

const caught = (work: () => void): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};
