import { refusalEnd } from './refused-pod';

describe('a pod that the cluster refuses', () => {
  it.each([
    ['a full quota', 'pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=9, limited: pods=9'],
    ['a quota that nobody has counted yet', 'pods "x" is forbidden: status unknown for quota: q, resources: pods'],
    ['a webhook that is away', 'Internal error occurred: failed calling webhook "v.io": failed to call webhook: Post "https://v.svc:443/": dial tcp 10.0.0.1:443: connect: connection refused'],
    ['a webhook that nobody answers for', 'Internal error occurred: failed calling webhook "v.io": failed to call webhook: Post "https://v.svc:443/": no endpoints available for service "v"'],
    ['an etcd that is late', 'etcdserver: request timed out'],
    ['an etcd between two leaders', 'etcdserver: leader changed'],
    ['an API server with too much to do', 'the server has received too many requests and has asked us to try again later'],
    ['an API server that is starting', 'the server is currently unable to handle the request (post pods)'],
    ['a namespace that was just made', 'pods "x" is forbidden: error looking up service account work/default: serviceaccount "default" not found'],
  ])('for %s may be made later', (_what, message) => {
    expect(refusalEnd(message)).toMatchObject({ cause: 'refused', fault: 'ours' });
  }); // prettier-ignore

  it.each([
    ['a policy', 'pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true'],
    ['a webhook that says no', 'admission webhook "v.io" denied the request: no limits set'],
    ['an account that is not there', 'pods "x" is forbidden: error looking up service account work/ci: serviceaccount "ci" not found'],
  ])('for %s stays so', (_what, message) => {
    expect(refusalEnd(message)).toMatchObject({ cause: 'refused', fault: 'user' });
  }); // prettier-ignore
});
