import { eventTypes } from '@keelson/events';
import { emit, TerminalError } from '@keelson/stage';
import { runCancelled, until } from './bus-fixture.contract';
import { Health } from './health';
import { PromMetrics } from './prom-metrics';
import { sampleServices } from './sample-service.contract';

describe('what a service tells of itself', () => {
  const { start, lines, bus } = sampleServices();

  it('counts deliveries by outcome, retries, parked ones, the wait and the time of the stage', async () => {
    const metrics = new PromMetrics();
    let tries = 0;
    await start(
      async () => {
        tries += 1;
        if (tries === 1) throw new Error('once');
        if (tries === 2) throw new TerminalError('for good');
        return emit();
      },
      { metrics, clock: () => Date.now() + 60_000 },
    );
    await bus().publish([runCancelled()]);
    await until('it is parked', async () => (await bus().parked()).length === 1);
    await bus().publish([runCancelled()]);
    await until('the other is done', () => tries === 3);
    await until('it is counted', async () => (await metrics.text()).includes('outcome="emit"'));
    const labels = `service="sample",type="${eventTypes.runCancelled}"`;
    const text = await metrics.text();
    for (const outcome of ['error', 'terminal', 'emit']) {
      expect(text).toContain(`keelson_deliveries_total{${labels},outcome="${outcome}"} 1`);
    }
    expect(text).toContain(`keelson_retries_total{${labels}} 1`);
    expect(text).toContain(`keelson_parked_total{${labels},code="terminal"} 1`);
    expect(text).toContain(`keelson_stage_seconds_count{${labels}} 3`);
    expect(text).toContain(`keelson_queue_wait_seconds_bucket{le="10",${labels}} 0`);
    expect(text).toContain(`keelson_queue_wait_seconds_count{${labels}} 2`);
  });

  it('says in the log what failed and why, with the event', async () => {
    await start(async () => {
      throw new TerminalError('no such commit');
    });
    const event = runCancelled();
    await bus().publish([event]);
    await until('it is parked', async () => (await bus().parked()).length === 1);
    const about = lines().filter((line) => line.event === event.id);
    expect(about).toEqual([
      expect.objectContaining({
        level: 'warn',
        msg: 'a delivery can never work',
        service: 'sample',
        run: event.subject,
      }),
      expect.objectContaining({
        level: 'error',
        msg: 'a delivery is parked',
        code: 'terminal',
        reason: 'no such commit',
      }),
    ]);
  });

  it('is ready while it takes deliveries, and adds its check for as long as it runs', async () => {
    const health = new Health();
    expect(await health.report()).toEqual({ ready: false, checks: [] });
    const service = await start(async () => emit(), { health });
    expect(await health.report()).toEqual({ ready: true, checks: [{ name: 'sample', ready: true, reasons: [] }] });
    await bus().close();
    await until('it is noticed', async () => !(await health.report()).ready);
    expect((await health.report()).checks[0]?.reasons).toEqual(['takes no deliveries']);
    await service.close();
    expect((await health.report()).checks).toEqual([]);
  });

  it('counts the steps of Dockerfiles by project, from the cache and run anew', async () => {
    const metrics = new PromMetrics();
    const build = { service: 'image-builder', project: '/w', hits: 3, misses: 1, bytes: { pushed: 10, skipped: 90 } };
    metrics.built(build);
    metrics.built({ ...build, bytes: undefined });
    const text = await metrics.text();
    expect(text).toContain('keelson_build_steps_total{service="image-builder",project="/w",cache="hit"} 6');
    expect(text).toContain('keelson_build_steps_total{service="image-builder",project="/w",cache="miss"} 2');
    expect(text).toContain('keelson_build_layer_bytes_total{service="image-builder",project="/w",state="skipped"} 90');
  });
});
