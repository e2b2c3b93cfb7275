import path from 'node:path';
import { podAddress, registryAccess, runService, templateKey } from '@keelson/deployment';
import type { Given } from '@keelson/deployment';
import { Credentials, RemoteHeads } from '@keelson/git';
import type { Service } from '@keelson/service';
import { TemplateRenderer } from '@keelson/template';
import { SourceAccess, startBootstrapper } from './app';
import type { TemplateDeps } from './app';
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
  const { registry: prefix, registries, codec } = config;
  const registry = { prefix, codec, podAddress: podAddress(registries, prefix) };
  const { patience: patienceMs } = config;
  const templates = templatesOf(config);
  const common = { ledger, client, registry, sources, clock: Date.now, patienceMs, notice };
  const deps = { ...common, column: 'cluster' as const, templates };
  return startBootstrapper(deps, host);
}

const templatesOf = (config: BootstrapperConfig): TemplateDeps => ({
  ...{ renderer: new TemplateRenderer(), key: templateKey(config) },
  ...{ env: config.templateVariables, keepNamespaces: false },
});

void runService({ name: service, config: readConfig, start });
