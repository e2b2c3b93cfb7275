import { describeOn, servers } from '@keelson/testbed';
import { describeFiles } from '../jobs-files.contract';
import { jobSpec, run, sh, textsOf } from '../jobs-harness.contract';
import { bucketUploads, kubeHarness, podHelperImage } from '../kube-harness.contract';
import type { KubeHarness } from '../kube-harness.contract';
import type { Uploads } from './kube-host';

jest.setTimeout(600_000);

/** The same cluster, and pods that upload their files. */
async function uploadingHarness(): Promise<KubeHarness & { uploads: Uploads }> {
  const harness = await kubeHarness();
  const { uploads, end } = await bucketUploads();
  const helper = await podHelperImage();
  return {
    ...harness,
    uploads,
    keepsFiles: true,
    open: (options) => harness.open({ podHelperImage: helper, uploads, ...options }),
    end: async () => {
      await harness.end();
      await end();
    },
  };
}

describeOn(['kubeconfig', 'registry', 's3', 'hostIp'])('files of jobs on a cluster', () => {
  describeFiles(uploadingHarness);

  describe('beside them', () => {
    let harness: Awaited<ReturnType<typeof uploadingHarness>>;
    beforeAll(async () => {
      harness = await uploadingHarness();
    });
    afterAll(() => harness.end());
    const kept = { artifacts: ['*.xml'] };

    it('output and errors keep their order, and the end is the very one of the command', async () => {
      const jobs = await harness.open();
      const job = jobSpec(harness, sh('echo 1; echo 2 >&2; echo 3; kill -SEGV $$'), kept);
      expect((await run(jobs, job)).end).toEqual({ kind: 'signalled', signal: 'SIGSEGV' });
      expect(await textsOf(jobs, job.name)).toEqual(['1', '2', '3']);
      const missing = jobSpec(harness, ['no-such-command'], kept);
      expect((await run(jobs, missing)).end).toMatchObject({
        kind: 'unstartable',
        message: expect.stringContaining('no-such-command'),
      });
    });

    it('files that are too large are not kept, which is said; the end stays as it is', async () => {
      const jobs = await harness.open();
      const job = jobSpec(harness, sh('head -c 2000000 /dev/zero > big.xml; exit 3'), kept);
      expect((await run(jobs, job)).end).toEqual({ kind: 'exited', code: 3 });
      await expect(jobs.files(job.name)).rejects.toMatchObject({
        transient: false,
        message: expect.stringContaining('big.xml'),
      });
    });

    it('go with their job, and only with theirs', async () => {
      const jobs = await harness.open();
      const [one, other] = [jobSpec(harness, sh('echo 1 > a.xml'), kept), jobSpec(harness, sh('echo 2 > a.xml'), kept)];
      for (const job of [one, other]) expect((await run(jobs, job)).end).toEqual({ kind: 'exited', code: 0 });
      const pathsOf = async (name: string) => (await harness.uploads.list(name)).map(({ path }) => path);
      expect(await pathsOf(one.name)).toEqual(['a.xml']);
      await jobs.remove(one.name);
      expect(await pathsOf(one.name)).toEqual([]);
      expect(await pathsOf(other.name)).toEqual(['a.xml']);
    });

    it('the credential is in no argument and no variable of the pod, only in a Secret that goes with the job', async () => {
      const jobs = await harness.open();
      const job = jobSpec(harness, sh('env; cat /proc/1/cmdline; exit 0'), kept);
      await run(jobs, job);
      const pods = `/api/v1/namespaces/${harness.namespace}/pods`;
      const told =
        JSON.stringify(await harness.api.call({ what: 'looking', path: pods })) +
        (await textsOf(jobs, job.name)).join();
      const leaked = ['x-amz-signature', 'AWS4-HMAC', `${servers.s3.accessKey}/`].filter((text) => told.includes(text));
      expect(leaked).toEqual([]);
      await jobs.remove(job.name);
      const secret = `/api/v1/namespaces/${harness.namespace}/secrets/${job.name.replaceAll('.', '-')}`;
      await expect(harness.api.call({ what: 'looking', path: secret })).rejects.toMatchObject({ status: 404 });
    });
  });
});
