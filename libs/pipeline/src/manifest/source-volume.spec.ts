import type { ManifestObject } from './manifest-object';
import { pinImage } from './pin-image';
import { JobShapeError, withSource } from './source-volume';

const filler = { name: 'keelson-source', image: 'helper', args: ['source'] };
const filled = { ...filler, volumeMounts: [{ name: 'keelson-source', mountPath: '/keelson/source' }] };
const secret: ManifestObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } };
const jobOf = (pod: object): ManifestObject => ({
  ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j' } },
  spec: { backoffLimit: 3, template: { metadata: { labels: { a: 'b' } }, spec: pod } },
});
const mounted = { name: 'keelson-source', mountPath: '/keelson/source' };

describe('the source in a pod', () => {
  it('is there in every container, filled before the first of them runs', () => {
    const job = jobOf({
      initContainers: [{ name: 'one' }],
      containers: [{ name: 'two', image: 'x' }, { name: 'three' }],
    });
    const { objects, warnings } = withSource([secret, job], filler);
    expect(warnings).toEqual([]);
    expect(objects).toEqual([
      secret,
      jobOf({
        initContainers: [filled, { name: 'one', volumeMounts: [mounted] }],
        containers: [
          { name: 'two', image: 'x', volumeMounts: [mounted] },
          { name: 'three', volumeMounts: [mounted] },
        ],
        volumes: [{ name: 'keelson-source', emptyDir: {} }],
      }),
    ]);
  });

  it('takes the place of a hostPath to it, and says so', () => {
    const job = jobOf({
      containers: [
        {
          name: 'two',
          volumeMounts: [
            { name: 'all', mountPath: '/context', readOnly: true },
            { name: 'part', mountPath: '/part', subPath: 'x' },
            { name: 'docker', mountPath: '/var/run' },
          ],
        },
      ],
      volumes: [
        { name: 'all', hostPath: { path: '/keelson/source/', type: 'Directory' } },
        { name: 'part', hostPath: { path: '/keelson/source/cmd' } },
        { name: 'docker', hostPath: { path: '/var/run' } },
      ],
    });
    const { objects, warnings } = withSource([job], filler);
    expect(warnings).toEqual([
      "the hostPath volume all (/keelson/source/) is replaced by the commit's source in a volume",
      "the hostPath volume part (/keelson/source/cmd) is replaced by the commit's source in a volume",
    ]);
    expect(objects[0]).toMatchObject({
      spec: {
        template: {
          spec: {
            containers: [
              {
                volumeMounts: [
                  { name: 'keelson-source', mountPath: '/context', readOnly: true },
                  { name: 'keelson-source', mountPath: '/part', subPath: 'cmd/x' },
                  { name: 'docker', mountPath: '/var/run' },
                  mounted,
                ],
              },
            ],
            volumes: [
              { name: 'docker', hostPath: { path: '/var/run' } },
              { name: 'keelson-source', emptyDir: {} },
            ],
          },
        },
      },
    });
  });

  it('leaves what is mounted there by the template', () => {
    const own = { name: 'own', mountPath: '/keelson/source/' };
    const { objects } = withSource(
      [jobOf({ containers: [{ name: 'a', volumeMounts: [own] }], volumes: null })],
      filler,
    );
    expect(objects[0]).toMatchObject({ spec: { template: { spec: { containers: [{ volumeMounts: [own] }] } } } });
  });

  it.each([[{}], [{ spec: { template: { spec: { containers: 'x' } } } }]])('needs a pod: %j', (more) => {
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j' }, ...more };
    expect(() => withSource([job], filler)).toThrow(JobShapeError);
  });
});

describe('a pinned image', () => {
  it('is that of every container that names it by this very reference', () => {
    const pod = (image: string) =>
      jobOf({ initContainers: [{ image }], containers: [{ image, args: ['r/w:1'] }, { image: 'r/w:10' }] });
    expect(pinImage([secret, pod('r/w:1')], { from: 'r/w:1', to: 'r/w@sha256:1' })).toEqual([
      secret,
      pod('r/w@sha256:1'),
    ]);
  });
});
