import { inboxName } from './inbox';

/** @throws RangeError when a service could not be called so */
export function checkService(service: string): void {
  if (service === inboxName) throw new RangeError(`${inboxName} is the inbox, not the name of a service`);
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(service)) throw new RangeError(`not a service name: ${JSON.stringify(service)}`);
}

/** @throws RangeError when the subscription makes no sense */
export function checkSubscription({ service, prefetch }: { service: string; prefetch: number }): void {
  checkService(service);
  if (!(prefetch >= 1)) throw new RangeError(`${service}: prefetch is ${prefetch}, not at least 1`);
}
