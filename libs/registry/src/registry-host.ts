import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { Agent } from 'undici';
import type { Clock } from './clock';
import type { CredentialSource } from './credentials';
import { InvalidReferenceError, isRegistryAddress } from './image-reference';
import { RegistryLogin } from './registry-login';
import { RequestBudget } from './request-budget';

/** A registry that needs saying more about than its name. */
export type RegistryEntry = {
  /** As people write it in the pipeline file and in configuration. */
  name: string;
  /** `host[:port]` this process talks to, for reading and writing. Default: the name. */
  push?: string;
  /** `host[:port]` that others pull from: what references handed on carry. Default: the name. */
  pull?: string;
  /** Default: true for localhost and loopback addresses, false for all others. */
  plainHttp?: boolean;
  /** Certificates in PEM to trust besides Node's own. */
  caFile?: string;
};

/** Milliseconds. Every request ends by these, whatever the registry does. */
export type RegistryTimeouts = {
  connectMs: number;
  /** Until the reply begins, and for each pause while a body is sent; large bodies get more, by their size. */
  headersMs: number;
  /** For each pause in a reply's body. */
  idleMs: number;
  /** For the whole body of a small reply: manifests, tokens, tags. */
  wholeMs: number;
};

export type HostSettings = {
  requestsPerSecond: number | undefined;
  timeouts: RegistryTimeouts;
  credentials: CredentialSource;
  clock: Clock;
};

/** One registry as this process talks to it: connections, budget, and what was learned about it. */
export class RegistryHost {
  /** The name that references handed to others carry. */
  readonly pullName: string;
  /** Where requests go. */
  readonly origin: string;
  readonly plainHttp: boolean;
  readonly headersMs: number;
  readonly agent: Agent;
  readonly budget: RequestBudget;
  readonly login: RegistryLogin;
  /** Whether the registry stores a blob that comes with the first request; the specification leaves it open. */
  singlePost: 'untried' | 'works' | 'refused' = 'untried';

  constructor(
    readonly entry: RegistryEntry,
    settings: HostSettings,
  ) {
    const address = entry.push ?? entry.name;
    assertAddress(address);
    this.pullName = entry.pull ?? entry.name;
    this.plainHttp = entry.plainHttp ?? isLoopback(address);
    // Docker Hub's API does not live at the name that its images carry.
    this.origin = `${this.plainHttp ? 'http' : 'https'}://${address === 'docker.io' ? 'registry-1.docker.io' : address}`;
    this.login = new RegistryLogin(settings.credentials, [...new Set([address, entry.name])]);
    this.budget = new RequestBudget(entry.name, settings.requestsPerSecond, settings.clock);
    this.headersMs = settings.timeouts.headersMs;
    this.agent = newAgent(settings.timeouts, entry.caFile);
  }
}

/** Every registry this process talks to, each made when it is first named. */
export class RegistryHosts {
  private readonly hosts = new Map<string, RegistryHost>();

  constructor(
    entries: readonly RegistryEntry[],
    private readonly settings: HostSettings,
  ) {
    const made = entries.map((entry) => new RegistryHost(entry, settings));
    // An entry's own name counts more than another entry's address.
    for (const host of made) this.hosts.set(host.entry.name, host);
    for (const host of made) {
      for (const address of [host.entry.pull, host.entry.push]) {
        if (address !== undefined && !this.hosts.has(address)) this.hosts.set(address, host);
      }
    }
  }

  /** By name, pull or push address. @throws InvalidReferenceError when it is none of these and no `host[:port]` either */
  of(registry: string): RegistryHost {
    const known = this.hosts.get(registry);
    if (known !== undefined) return known;
    const host = new RegistryHost({ name: registry }, this.settings);
    this.hosts.set(registry, host);
    return host;
  }

  async close(): Promise<void> {
    await Promise.all([...new Set(this.hosts.values())].map((host) => host.agent.destroy()));
  }
}

function newAgent(timeouts: RegistryTimeouts, caFile: string | undefined): Agent {
  return new Agent({
    connect: {
      timeout: timeouts.connectMs,
      // Given certificates replace Node's own: name both.
      ...(caFile === undefined ? {} : { ca: [...rootCertificates, readFileSync(caFile, 'utf8')] }),
    },
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.idleMs,
    keepAliveTimeout: 30_000,
  });
}

function assertAddress(address: string): void {
  if (isRegistryAddress(address)) return;
  throw new InvalidReferenceError(`${JSON.stringify(address.slice(0, 80))} is no registry host: host or host:port`);
}

function isLoopback(address: string): boolean {
  const name = address.replace(/:[0-9]+$/, '').toLowerCase();
  return name === 'localhost' || name === '[::1]' || /^127(?:\.[0-9]{1,3}){3}$/.test(name);
}
