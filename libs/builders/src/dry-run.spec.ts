import { spawnSync } from 'node:child_process';
import type { KubeObject } from '@keelson/jobs';
import { describeOn, servers } from '@keelson/testbed';
import { builders } from './builders';
import type { StrategyName } from './builder-settings';
import { dockerConfig, request, settings } from './sample-request.contract';

/** Asks the cluster itself, which makes nothing. Strict: a misspelt field is a fault. */
function ask(objects: readonly KubeObject[]): { status: number | null; stderr: string } {
  return spawnSync('kubectl', ['create', '--dry-run=server', '--validate=strict', '-f', '-'], {
    input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
    env: { ...process.env, KUBECONFIG: servers.kubeconfig },
    encoding: 'utf8',
  });
}

describeOn(['kubeconfig'])('what a cluster says to the job of', () => {
  it.each(Object.keys(builders) as StrategyName[])('%s: it would run it', (strategy) => {
    const secrets = strategy === 'buildkit' ? { npm: { secret: 'npm', key: 'token' } } : {};
    const { objects } = builders[strategy].job({ ...request, dockerConfig, secrets }, settings);
    const { status, stderr } = ask(objects);
    expect(stderr.replace(/^Warning: metadata.name: .*a DNS label is recommended.*\n/, '')).toBe('');
    expect(status).toBe(0);
  });

  it('a misspelt field: it would not', () => {
    const job = builders.kaniko.job(request, settings).objects.find(({ kind }) => kind === 'Job')!;
    const { status, stderr } = ask([{ ...job, spec: { ...(job.spec as object), backOffLimit: 0 } }]);
    expect(status).toBe(1);
    expect(stderr).toContain('backOffLimit');
  });
});
