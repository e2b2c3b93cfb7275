import type { Event } from '@keelson/events';
import { eventTask, inboxTask } from './answer-delivery';
import { amqpPatienceMs } from './amqp/amqp-options';
import type { AmqpBusOptions } from './amqp/amqp-options';
import { leadByToken } from './amqp/amqp-leadership';
import { AuditKeeper } from './amqp/audit-keeper';
import { AuditReading } from './amqp/audit-stream';
import { vhostOf } from './amqp/broker-address';
import { queueStateOf } from './amqp/broker-queues';
import { readEvent, readOutsideMessage } from './amqp/delivery-kind';
import type { DeliveryKind } from './amqp/delivery-kind';
import { ManagementApi } from './amqp/management-api';
import { messagesOf, offeredMessage } from './amqp/message';
import { assembleAmqpParts } from './amqp/open-parts';
import type { OpenParts } from './amqp/open-parts';
import { parkedOf, unparkAt } from './amqp/parking';
import { missingPolicies } from './amqp/policies';
import { QueueConsumer } from './amqp/queue-consumer';
import { onChannel } from './amqp/session';
import { declareInbox, declareParking, declareService } from './amqp/topology';
import { BusUnavailableError } from './bus';
import type { AuditEntry, Bus, Handler, InboxHandler, Parked, QueueState, Subscription } from './bus';
import { encodeEvents } from './encoded-event';
import { inboxName } from './inbox';
import { LastingCalls } from './lasting-calls';
import type { Offered } from './outside-message';
import { checkService, checkSubscription, checkTaken } from './service-name';
import { atMost } from './waiting';

/** How long an orderly goodbye to the broker may take. */
const goodbyeMs = 2_000;

/** The bus of a cluster: RabbitMQ, from 3.10 on. */
export class AmqpBus implements Bus {
  readonly #parts: OpenParts;
  readonly #options: AmqpBusOptions;
  readonly #api: ManagementApi | undefined;
  /** Services whose queues this bus made, or was told of. */
  readonly #known: Set<string>;
  readonly #lasting = new LastingCalls();
  /** Readings that have not begun: what is published after they were asked for is to be seen by them. */
  readonly #beginning = new Set<Promise<void>>();
  #closed: Promise<void> | undefined;

  private constructor(parts: OpenParts, options: AmqpBusOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#known = new Set(Object.keys(parts.takers));
    const { apiUrl, url, tls } = options;
    this.#api = apiUrl === undefined ? undefined : new ManagementApi({ apiUrl, vhost: vhostOf(url), ca: tls?.ca });
  }

  /**
   * Connects, and declares the exchanges and the audit.
   * @throws BusRefusedError when the broker will not have us: credentials, virtual host, permissions, a queue declared otherwise
   * @throws BusUnavailableError when it cannot be reached in time
   */
  static async open(options: AmqpBusOptions): Promise<AmqpBus> {
    const parts = assembleAmqpParts(options);
    const bus = new AmqpBus(parts, options);
    parts.link.start();
    parts.publishLink.start();
    try {
      await parts.link.ready(parts.closing.signal, AbortSignal.timeout(amqpPatienceMs(options)));
      await parts.publisher.open();
      await bus.#keepAudit();
      return bus;
    } catch (error) {
      await bus.close();
      throw parts.refusal() ?? error;
    }
  }

  /**
   * Makes a service's queues, so that what is published waits for it before it ever consumed. May be called again; a type that it takes
   * no more stays bound until somebody unbinds it at the broker.
   * @throws BusRefusedError, BusUnavailableError
   */
  async declare(service: string, types: readonly string[]): Promise<void> {
    checkService(service);
    const { names, waits } = this.#open();
    this.#known.add(service);
    const queues = names.of(service);
    await onChannel(this.#parts, (channel) => declareService(channel, { queues, names, waits, types }));
  }

  async publish(events: readonly Event[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { names, mandatory, publisher, wallClock, auditWaitMs } = this.#open();
    const publishedAtMs = Math.round(wallClock());
    const messages = encodeEvents(events).flatMap((event) => messagesOf(event, { names, mandatory, publishedAtMs }));
    // Readings that are to see it; the audit may be away.
    if (this.#beginning.size > 0) await atMost(auditWaitMs, Promise.all(this.#beginning));
    await publisher.send(messages, signal);
  }

  consume(subscription: Subscription, handler: Handler, signal: AbortSignal): Promise<void> {
    const { service, types } = subscription;
    const { names, waits, takers } = this.#parts;
    checkTaken(subscription, takers);
    const queues = names.of(service);
    const kind = {
      ...{ queues, parking: queues.parking, task: eventTask(subscription, handler), read: readEvent },
      declare: (channel: Parameters<typeof declareService>[0]) =>
        declareService(channel, { queues, names, waits, types }),
    };
    return this.#take(kind, signal);
  }

  async offer(message: Offered): Promise<void> {
    const { names, publisher, wallClock } = this.#open();
    this.#known.add(inboxName);
    await publisher.send([offeredMessage(message, { names, nowMs: wallClock() })]);
  }

  consumeInbox(
    subscription: { service: string; prefetch: number },
    handler: InboxHandler,
    signal: AbortSignal,
  ): Promise<void> {
    const { names, waits, wallClock } = this.#parts;
    const owner = names.of(subscription.service);
    const kind: DeliveryKind<Parameters<InboxHandler>[0]> = {
      queues: names.of(inboxName),
      parking: owner.parking,
      task: inboxTask(subscription, handler),
      read: (message) => readOutsideMessage(message, wallClock()),
      declare: async (channel) => {
        await declareInbox(channel, names, waits);
        await declareParking(channel, owner);
      },
    };
    this.#known.add(inboxName);
    return this.#take(kind, signal);
  }

  lead(service: string, work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    return this.#tracked(async () => {
      checkService(service);
      await leadByToken(this.#parts, { service, work }, signal);
    });
  }

  replay(options: { from: number | 'end'; follow: boolean }, signal: AbortSignal): AsyncIterable<AuditEntry> {
    const reading = new AuditReading(this.#parts, options.from);
    const begun = reading.start();
    this.#beginning.add(begun);
    void begun.finally(() => this.#beginning.delete(begun));
    signal.addEventListener('abort', () => reading.end(), { once: true });
    return reading.entries(options.follow, signal);
  }

  async queues(): Promise<readonly QueueState[]> {
    const parts = this.#open();
    const api = await this.#api?.queues();
    const listed = (api ?? []).map(({ name }) => parts.names.serviceOf(name)).filter((name) => name !== undefined);
    const services = [...new Set([...this.#known, ...listed])].sort();
    const states = await Promise.all(services.map((service) => queueStateOf(parts, service, api)));
    return states.filter((state) => state !== undefined);
  }

  async parked(): Promise<readonly Parked[]> {
    const parts = this.#open();
    const services = (await this.queues()).filter(({ parked }) => parked > 0);
    const found = await Promise.all(services.map(({ service }) => parkedOf(parts, service)));
    return found.flat().sort((a, b) => a.parkedAtMs - b.parkedAtMs);
  }

  async unpark(id: string, what: 'replay' | 'drop'): Promise<boolean> {
    return unparkAt(this.#open(), id, what);
  }

  /**
   * What the broker's policies should have set and have not, each with its queue: a service that misses them is not ready. Empty when
   * all is there; undefined when there is no management API to ask.
   */
  async policiesMissing(): Promise<readonly string[] | undefined> {
    this.#open();
    return this.#api && missingPolicies(this.#api, this.#options.prefix);
  }

  /** Why events do not go to or come from the broker now, a sentence each; it passes by itself, so it is a matter of readiness. */
  trouble(): readonly string[] {
    const { link, publishLink } = this.#parts;
    return [link.trouble, publishLink.trouble].filter((why) => why !== undefined);
  }

  /** @see Bus.close. Publishing still works while consumers and leaders end, so that they can tell what they did. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { closing, link, publishLink, graceMs } = this.#parts;
    closing.abort();
    await this.#lasting.ended(graceMs);
    await Promise.all([link.close(goodbyeMs), publishLink.close(goodbyeMs)]);
  }

  /** Resolves when the audit's stream is declared, or does not answer; from then on it is kept by itself. @throws BusRefusedError */
  async #keepAudit(): Promise<void> {
    const keeper = new AuditKeeper(this.#parts);
    void this.#tracked(() => keeper.run()).catch(() => undefined); // a refusal ends every call
    await keeper.begun();
    this.#open();
  }

  #take<T>(kind: DeliveryKind<T>, signal: AbortSignal): Promise<void> {
    return this.#tracked(async () => {
      checkSubscription(kind.task);
      this.#known.add(kind.task.service);
      await new QueueConsumer(this.#parts, kind).run(signal);
    });
  }

  /** Runs a call that lasts. When the broker refuses this bus, every such call ends by that. */
  async #tracked(call: () => Promise<void>): Promise<void> {
    this.#open();
    await this.#lasting.run(call);
    const refusal = this.#parts.refusal();
    if (refusal) throw refusal;
  }

  #open(): OpenParts {
    const refusal = this.#parts.refusal();
    if (refusal) throw refusal;
    if (this.#closed) throw new BusUnavailableError('the bus is closed');
    return this.#parts;
  }
}
