import { FaultProxy } from '@keelson/testbed';
import { AmqpBus } from './amqp-bus';
import type { AmqpBusOptions } from './amqp/amqp-options';
import type { BusHarness, BusTimes } from './bus-harness.contract';
import { VirtualHost } from './testing/virtual-host';

export type AmqpServer = { amqp: string; rabbitApi: string };

/** A harness that also gives its virtual host, the proxies in front of the broker, and what went wrong. */
export type AmqpHarness = Omit<BusHarness, 'open'> & {
  open(options?: Partial<AmqpBusOptions>): Promise<AmqpBus>;
  vhost: VirtualHost;
  /** In front of the buses that are open, in the order of opening. */
  proxies: FaultProxy[];
  errors: Error[];
};

/** Buses on a virtual host of their own, each behind a proxy. A crash cuts the connections for good, as a killed process does. */
export async function amqpHarness(
  times: BusTimes,
  server: AmqpServer,
  options: Partial<AmqpBusOptions> = {},
): Promise<AmqpHarness> {
  const vhost = await VirtualHost.make(server.amqp, server.rabbitApi);
  const errors: Error[] = [];
  const all: AmqpBus[] = [];
  const proxies: FaultProxy[] = [];
  let first: AmqpBus | undefined;
  const open = async (more: Partial<AmqpBusOptions> = {}) => {
    const proxy = await FaultProxy.start(new URL(server.amqp).host);
    proxies.push(proxy);
    const bus = await AmqpBus.open({
      ...{
        ...times,
        graceMs: 50,
        leadPauseMs: 5,
        patienceMs: 60_000,
        auditWaitMs: 60_000,
        mandatoryTypes: [],
        apiUrl: server.rabbitApi,
      },
      ...{ onError: (error: Error) => void errors.push(error), url: through(proxy, vhost.url()) },
      ...options,
      ...more,
    });
    all.push(bus);
    first ??= bus;
    return bus;
  };
  return {
    ...{ vhost, errors, proxies, open },
    declare: async (service, types) => (first ?? (await open())).declare(service, types),
    crash: async () => {
      first = undefined;
      await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
    },
    end: async () => {
      await Promise.all(all.map((bus) => bus.close()));
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await vhost.remove();
    },
  };
}

/** The URL with the proxy's address instead of the server's. */
export function through(proxy: FaultProxy, url: string): string {
  const changed = new URL(url);
  changed.host = proxy.address;
  return changed.href;
}
