import { checkSpec, machineJob } from './job-spec';
import type { CommandJob, ManifestJob } from './jobs';

const command: CommandJob = {
  name: '0.1.test',
  image: 'registry.test/sample@sha256:0',
  command: ['true'],
  env: {},
  workdir: '/src',
  timeoutMs: 1000,
  artifacts: [],
};
const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'build' }, spec: {} };
const manifest: ManifestJob = { name: '0.1.build', timeoutMs: 1000, objects: [job] };

const fault = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('what is asked of a machine without a cluster', () => {
  it('is a command', () => {
    expect(machineJob(command)).toBe(command);
  });

  it.each([
    [{ secrets: { TOKEN: { secret: 'tokens', key: 'one' } } }, 'secrets'],
    [
      { services: [{ name: 'db', image: 'db:1', ready: { port: 5432 } }], resources: { cpu: '2' } },
      'services, resources',
    ],
    [{ serviceAccount: 'tester' }, 'serviceAccount'],
    [{ namespace: 'elsewhere' }, 'namespace'],
  ])('is refused with what needs a cluster: %j', (more, named) => {
    expect(fault(() => machineJob({ ...command, ...more }))).toMatchObject({
      code: 'jobs',
      transient: false,
      fault: 'user',
      message: `the job 0.1.test asks for ${named}: that needs a cluster`,
    });
  });

  it('is refused as Kubernetes objects', () => {
    expect(fault(() => machineJob(manifest))).toMatchObject({ fault: 'user', transient: false });
  });
});

describe('a job that could never run', () => {
  it.each([
    [{ ...command, timeoutMs: 0 }, 'timeoutMs'],
    [{ ...command, services: [{ name: 'Not a name', image: 'x', ready: { port: 1 } }] }, 'services.0.name'],
    [{ ...command, services: [{ name: 'db', image: 'x', ready: { port: 0 } }] }, 'services.0.ready'],
    [{ ...command, resources: { devices: { 'nvidia.com/gpu': 0.5 } } }, 'resources.devices.nvidia.com/gpu'],
    [{ ...manifest, objects: [] }, 'objects'],
    [{ ...manifest, objects: [{ ...job, kind: '' }] }, 'objects.0.kind'],
    [{ ...manifest, namespace: { name: 'a b', create: true, keep: false } }, 'namespace.name'],
  ])('is refused with the place of its fault: %#', (spec, place) => {
    expect(fault(() => checkSpec(spec))).toMatchObject({ fault: 'user', transient: false });
    expect(String(fault(() => checkSpec(spec)))).toContain(place);
  });
});
