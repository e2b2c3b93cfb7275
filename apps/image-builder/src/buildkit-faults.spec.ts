import { describeOn } from '@keelson/testbed';
import { until } from '@keelson/work-testing';
import { onRegistry } from '../../../libs/registry/src/testing/private-registry';
import { dockerfile } from './builder-cluster.contract';
import { behindProxy, isRunning, survivesFaults } from './builder-faults.contract';
import { tagsOf, unaborted } from './builder-fixture.contract';
import { buildMs } from './builder-harness.contract';
import { atDoor, startPasswordDoor, usesLogins } from './builder-logins.contract';
import type { BuildQueued } from './deps';
import { TagObserver } from './observer';

jest.setTimeout(600_000);

const suite = describeOn(['kubeconfig', 'registry', 'hostIp']);

suite('a build by BuildKit that is interfered with', () => {
  const at = behindProxy('buildkit');
  const tagOf = (event: BuildQueued) => at.harness().world.tagged(tagsOf(event).immutable);

  survivesFaults('buildkit', {
    ...{ ...at, littleMemory: '96Mi' },
    refused: { method: 'POST', url: '/widget/blobs/uploads/' },
  });

  it('does not get the moving tag when a newer one that ran beside it has ended first', async () => {
    const patient = at.harness().with({}, { cancelRunning: false });
    // Both were asked for before the newer change was known to anybody else.
    let hasNewerEnded = false;
    at.proxy().fault = ({ url }, response) => {
      if (url !== '/newer-has-ended') return false;
      response.writeHead(hasNewerEnded ? 200 : 404).end();
      return true;
    };
    const wait = `RUN until wget -qO /dev/null http://${at.proxy().address}/newer-has-ended; do sleep 1; done`;
    const older = await patient.ask({ sequence: 1001, tree: dockerfile(wait, 'RUN echo older > /which') });
    const observer = patient.observer();
    const runs = async () => {
      await patient.pass(observer);
      return isRunning(at.harness());
    };
    await until('the older one runs', runs, buildMs);
    const newer = await patient.ask({ sequence: 1002, tree: dockerfile('RUN echo newer > /which') });
    const moves: (string | undefined)[] = [];
    await until(
      'both have ended',
      async () => {
        await patient.pass(observer);
        hasNewerEnded = (await patient.endedOf(newer)) !== undefined;
        const tags = new TagObserver(patient.deps());
        for (const open of await tags.list()) {
          await tags.report(open, unaborted);
          await tags.mark(open);
          moves.push(await patient.world.tagged(tagsOf(older).moving));
        }
        return moves.length === 2;
      },
      buildMs,
    );
    const [digest, late] = [await tagOf(newer), await tagOf(older)];
    expect(late).toBeDefined();
    expect(late).not.toBe(digest);
    expect(moves).toEqual([digest, digest]);
  });

  it('is an error of ours when its source is gone, and says so', async () => {
    at.proxy().fault = ({ method, url = '' }, response) => {
      if (method !== 'GET' || !url.includes('/widget-source/blobs/')) return false;
      response.writeHead(404).end();
      return true;
    };
    const { ended } = await at.harness().built({ sequence: 2000, tree: dockerfile('RUN true') });
    expect(ended).toMatchObject({ outcome: 'error', reason: { code: 'not-started' } });
    expect(ended.reason?.message).toMatch(/preparing the pod failed: .*widget-source\/blobs\/.*HTTP status 404/);
  });
});

onRegistry(suite)('a build by BuildKit at a registry with a password', () => {
  usesLogins(atDoor('buildkit', startPasswordDoor));
});
