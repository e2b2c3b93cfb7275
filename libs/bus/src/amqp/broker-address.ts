import { BusRefusedError } from '../bus-refused-error';

/** Where the broker is. `url` holds the password: it is never shown; `label` is what messages say. */
export type BrokerAddress = { url: string; label: string; mask(text: string): string };

/** Seconds after which a silent peer counts as gone, where the URL does not say. */
const heartbeatSeconds = 10;

/** @throws BusRefusedError when it is no AMQP URL */
export function brokerAddress(text: string): BrokerAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['amqp:', 'amqps:'].includes(url.protocol)) {
    throw new BusRefusedError('the broker is named by amqp://user:password@host:port/vhost, or amqps://');
  }
  if (!url.searchParams.has('heartbeat')) url.searchParams.set('heartbeat', String(heartbeatSeconds));
  const user = url.username === '' ? '' : `${url.username}@`;
  const secrets = [url.password, decodeURIComponent(url.password)].filter((secret) => secret !== '');
  return {
    url: url.href,
    label: `${url.protocol}//${user}${url.host}${url.pathname}`,
    mask: (message) => secrets.reduce((masked, secret) => masked.replaceAll(secret, '***'), message),
  };
}

/** The virtual host an AMQP URL names. */
export function vhostOf(url: string): string {
  const path = URL.canParse(url) ? new URL(url).pathname : '';
  return path.length > 1 ? decodeURIComponent(path.slice(1)) : '/';
}
