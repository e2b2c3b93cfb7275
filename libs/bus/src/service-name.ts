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

/** @throws RangeError when a service takes other types than its queue is made for by everybody */
export function checkTaken(
  { service, types }: { service: string; types: readonly string[] },
  takers: Readonly<Record<string, readonly string[]>>,
): void {
  const made = takers[service];
  if (made === undefined || [...made].sort().join() === [...types].sort().join()) return;
  throw new RangeError(`${service} takes ${types.join(', ')}, and its queue is made for ${made.join(', ')}`);
}
