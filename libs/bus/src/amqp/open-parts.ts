import { setMaxListeners } from 'node:events';
import { connect } from 'amqplib';
import { BusRefusedError } from '../bus-refused-error';
import type { AmqpBusOptions } from './amqp-options';
import { amqpPatienceMs, amqpSettings } from './amqp-options';
import type { AmqpParts } from './amqp-parts';
import { brokerAddress } from './broker-address';
import type { BrokerAddress } from './broker-address';
import { Link } from './link';
import { brokerNames } from './names';
import { refusalText } from './refusal';
import { Publisher } from './publisher';
import { declareExchanges, declareInbox, declareLast, declareService } from './topology';

/** The parts, and what `close` and `open` need besides. */
export type OpenParts = AmqpParts & { publishLink: Link; refusal: () => Error | undefined };

/** Two connections: an alarm at the broker stops all that publish on the same one. Nothing is connected yet. */
export function assembleAmqpParts(options: AmqpBusOptions): OpenParts {
  const address = brokerAddress(options.url);
  const settings = amqpSettings(options);
  const onError = (error: Error) => settings.onError(masked(error, address));
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  let refusal: Error | undefined;
  const refuse = (cause: unknown): Error => {
    const isFirst = refusal === undefined;
    refusal ??= refusalOf(cause, address);
    // Also to whoever holds the process: every call ends by it from now on, and those who call again do so in vain.
    if (isFirst) onError(refusal);
    closing.abort();
    return refusal;
  };
  const link = (purpose: string) =>
    new Link({
      label: `${address.label} (${purpose})`,
      connect: () => connectTo(address, options, purpose),
      onError,
      refused: refuse,
    });
  const [consumeLink, publishLink] = [link('consuming'), link('publishing')];
  const names = brokerNames(options.prefix ?? '');
  const publisher = new Publisher({
    link: publishLink,
    // The queues too: there may be something to take before anybody ever did.
    prepare: async (channel) => {
      const { waits, takers } = settings;
      await declareExchanges(channel, names);
      await declareInbox(channel, names, waits);
      for (const [service, types] of Object.entries(takers))
        await declareService(channel, { queues: names.of(service), names, waits, types });
      await declareLast(channel, names);
    },
    patienceMs: amqpPatienceMs(options),
    spareAfterMs: settings.auditWaitMs,
    refused: refuse,
  });
  const parts = { ...settings, names, link: consumeLink, publishLink, publisher, closing };
  return { ...parts, onError, refuse, refusal: () => refusal };
}

function connectTo(address: BrokerAddress, { tls, connectionName = 'keelson' }: AmqpBusOptions, purpose: string) {
  return connect(address.url, {
    ...tls,
    // Without it publish, deliver and confirm take 44 ms instead of one.
    noDelay: true,
    keepAlive: true,
    timeout: 10_000,
    clientProperties: { connection_name: `${connectionName} (${purpose})` },
  });
}

function refusalOf(cause: unknown, { label, mask }: BrokerAddress): Error {
  if (cause instanceof BusRefusedError) return cause;
  return new BusRefusedError(`${label} refuses us: ${mask(refusalText(cause))}`, { cause });
}

function masked(error: Error, { mask }: BrokerAddress): Error {
  const text = mask(error.message);
  return text === error.message ? error : new Error(text);
}
