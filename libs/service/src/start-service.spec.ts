import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern } from '@nestjs/microservices';
import { of } from 'rxjs';
import { eventTypes } from '@keelson/events';
import { again, emit, TerminalError } from '@keelson/stage';
import type { Outcome } from '@keelson/stage';
import { gate, published, runCancelled, runRetried, until } from './bus-fixture.contract';
import type { RunCancelled } from './bus-fixture.contract';
import { DeliveryContext } from './delivery-context';
import { brokenModule, moduleOf, sampleServices } from './sample-service.contract';

describe('a service on the bus', () => {
  const { start, bus } = sampleServices();

  it('gives a handler the events it is for, and publishes what it emits before it acknowledges', async () => {
    const event = runCancelled();
    const told = runRetried();
    const seen: RunCancelled[] = [];
    await start(async (received) => {
      seen.push(received);
      return emit(told);
    });
    await bus().publish([event, runRetried()]);
    await until('all is acknowledged', async () =>
      (await bus().queues()).every((queue) => queue.ready + (queue.inWork ?? 0) === 0),
    );
    expect(seen).toEqual([event]);
    expect(await published(bus())).toContainEqual(told);
  });

  it('tries again after an error, and parks with the words of that error', async () => {
    const parked: unknown[] = [];
    let tries = 0;
    await start(
      () => {
        tries += 1;
        throw new Error(`the disk is on fire, ${tries}`);
      },
      { onPark: async (event, why) => (parked.push([event.id, why]), [runRetried()]) },
    );
    const event = runCancelled();
    await bus().publish([event]);
    await until('it is parked', async () => (await bus().parked()).length === 1);
    expect(tries).toBe(4);
    expect(parked).toEqual([[event.id, { code: 'retries-exhausted', error: 'the disk is on fire, 4' }]]);
    expect((await published(bus())).map(({ type }) => type)).toContain(eventTypes.runRetried);
  });

  it('parks a TerminalError at once', async () => {
    let tries = 0;
    await start(async () => {
      tries += 1;
      throw new TerminalError('no such commit');
    });
    await bus().publish([runCancelled()]);
    await until('it is parked', async () => (await bus().parked()).length === 1);
    const [parked] = await bus().parked();
    expect([tries, parked?.reason]).toEqual([1, { code: 'terminal', error: 'no such commit' }]);
  });

  it('asks again when the stage says so, without counting a failure', async () => {
    const seen: [failures: number, agains: number][] = [];
    @Controller()
    class Patient {
      @EventPattern<string>(eventTypes.runCancelled)
      async cancelled(@Ctx() { delivery }: DeliveryContext): Promise<Outcome> {
        seen.push([delivery.failures, delivery.agains]);
        return seen.length < 3 ? again('1s', 'not yet') : emit();
      }
    }
    await start(async () => emit(), { module: moduleOf(Patient) });
    await bus().publish([runCancelled()]);
    await until('it is done', () => seen.length === 3);
    expect(seen).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
    ]);
  });

  it('takes an Observable of an outcome too', async () => {
    @Controller()
    class Observing {
      @EventPattern<string>(eventTypes.runCancelled)
      cancelled() {
        return of(emit(runRetried()));
      }
    }
    await start(async () => emit(), { module: moduleOf(Observing) });
    await bus().publish([runCancelled()]);
    await until('it is told', async () => (await published(bus())).length === 2);
  });

  it('takes a handler that returns no outcome for failed', async () => {
    await start(async () => undefined as never);
    await bus().publish([runCancelled()]);
    await until('it is parked', async () => (await bus().parked()).length === 1);
    expect((await bus().parked())[0]?.reason.error).toContain('returned no outcome');
  });

  it('waits for deliveries in work when it closes, and their outcome counts', async () => {
    const { opened, open } = gate();
    const working = gate();
    let signal: AbortSignal | undefined;
    const service = await start(async (_, given) => {
      signal = given;
      working.open();
      await opened;
      return emit(runRetried());
    });
    await bus().publish([runCancelled()]);
    await working.opened;
    let isClosed = false;
    const closing = service.close().then(() => (isClosed = true));
    await until('the handler is told to end', () => signal?.aborted === true);
    expect(isClosed).toBe(false);
    open();
    await closing;
    expect((await published(bus())).map(({ type }) => type)).toContain(eventTypes.runRetried);
    expect(await service.close()).toBeUndefined();
  });

  it.each([
    ['a pattern that is no event type', EventPattern<string>('no.such.type'), '"no.such.type" is not an event type'],
    ['a request handler', MessagePattern<string>(eventTypes.runCancelled), 'needs an @EventPattern handler'],
  ])('refuses %s', async (_, decorate, message) => {
    @Controller()
    class Wrong {
      @decorate
      handle() {
        return emit();
      }
    }
    await expect(start(async () => emit(), { module: moduleOf(Wrong) })).rejects.toThrow(message);
  });

  it('refuses two handlers of one event type', async () => {
    @Controller()
    class Twice {
      @EventPattern<string>(eventTypes.runCancelled)
      one() {
        return emit();
      }
      @EventPattern<string>(eventTypes.runCancelled)
      two() {
        return emit();
      }
    }
    await expect(start(async () => emit(), { module: moduleOf(Twice) })).rejects.toThrow('more than one handler');
  });

  it('throws when the module cannot be built', async () => {
    await expect(start(async () => emit(), { module: brokenModule })).rejects.toThrow('SampleController');
  });

  it('lets its observers look when a handler has answered', async () => {
    const open: string[] = [];
    const told = runRetried();
    const observer = {
      list: async () => open,
      report: async () => [told],
      mark: async () => void open.pop(),
    };
    const record = async (event: RunCancelled) => {
      open.push(event.id);
      return emit();
    };
    await start(record, { observers: [{ observer, key: String, intervalMs: 3_600_000 }] });
    await bus().publish([runCancelled()]);
    await until('it is told', async () => (await published(bus())).some(({ id }) => id === told.id));
  });

  it('runs all its observers in one leader', async () => {
    const looked = new Set<string>();
    const observed = (name: string) => ({
      observer: { list: async () => (looked.add(name), []), report: async () => [], mark: async () => undefined },
      key: String,
      intervalMs: 3_600_000,
      name,
    });
    await start(async () => emit(), { observers: [observed('heads'), observed('images')] });
    await until('both have looked', () => looked.size === 2);
  });
});
