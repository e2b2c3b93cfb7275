import path from 'node:path';
import { registryAccess, runService } from '@keelson/deployment';
import type { Given } from '@keelson/deployment';
import { Credentials, Mirror, mirrorDir, RemoteHeads } from '@keelson/git';
import type { Service } from '@keelson/service';
import { Heads, startWatcher } from './app';
import { readConfig } from './config';
import type { WatcherConfig } from './config';
import { service } from './deps';

function start(config: WatcherConfig, { ledger, host, notice, stopLater }: Given): Promise<Service> {
  const remote = new RemoteHeads({ credentials: new Credentials({ tokenFile: config.gitTokenFile }) });
  stopLater({ name: 'connections to repositories', stop: () => remote.close() });
  const client = registryAccess(config);
  stopLater({ name: 'connections to registries', stop: () => client.close() });
  const mirrors = path.join(config.workDir, 'mirrors');
  const mirrorOf = (url: string) => new Mirror({ directory: mirrorDir(mirrors, url), url, remote });
  const { sources, from, sourceInterval: remoteIntervalMs, patience: patienceMs } = config;
  return startWatcher(
    {
      ...{ ledger, client, patienceMs, sources, from, notice, clock: Date.now, random: Math.random },
      ...{ isFollowingRecords: true, recordsIntervalMs: remoteIntervalMs },
      ...{ looked: () => undefined, unreadable: () => undefined },
      heads: new Heads(remote, mirrorOf, (message) => notice(service, message)),
      ...{ localIntervalMs: remoteIntervalMs, remoteIntervalMs },
    },
    host,
  );
}

void runService({ name: service, config: readConfig, start });
