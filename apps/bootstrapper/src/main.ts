import path from 'node:path';
import { registryAccess, runService } from '@keelson/deployment';
import type { Given } from '@keelson/deployment';
import { Credentials, RemoteHeads } from '@keelson/git';
import type { Service } from '@keelson/service';
import { SourceAccess, startBootstrapper } from './app';
import { readConfig } from './config';
import type { BootstrapperConfig } from './config';
import { service } from './deps';

function start(config: BootstrapperConfig, { ledger, host, notice, stopLater }: Given): Promise<Service> {
  const remote = new RemoteHeads({ credentials: new Credentials({ tokenFile: config.gitTokenFile }) });
  stopLater({ name: 'connections to repositories', stop: () => remote.close() });
  const inWorkDir = (name: string) => path.join(config.workDir, name);
  const sources = new SourceAccess({ mirrors: inWorkDir('mirrors'), worktrees: inWorkDir('worktrees'), remote });
  stopLater({ name: 'repositories', stop: () => sources.close() });
  const client = registryAccess(config);
  stopLater({ name: 'connections to registries', stop: () => client.close() });
  const registry = { prefix: config.registry, codec: config.codec };
  const { patience: patienceMs } = config;
  const deps = { ledger, client, registry, sources, column: 'cluster' as const, clock: Date.now, patienceMs, notice };
  return startBootstrapper(deps, host);
}

void runService({ name: service, config: readConfig, start });
