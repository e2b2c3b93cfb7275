import { nameUnknown } from './distribution-error';
import type { Exchange, Handlers } from './exchange';
import { respondJson } from './exchange';
import type { ManifestStore } from './manifest-store';
import { page } from './page';
import type { Repositories } from './repositories';

/** `/v2/<name>/tags/list` */
export function tagRoutes(manifests: ManifestStore, repositories: Repositories): Handlers {
  const get = async (exchange: Exchange): Promise<void> => {
    const { name } = exchange;
    if (!(await repositories.exists(name))) throw nameUnknown(name);
    const { entries, headers } = page(exchange, await manifests.tags(name), `/v2/${name}/tags/list`);
    respondJson(exchange, 200, { headers, body: { name, tags: entries } });
  };
  return { GET: get, HEAD: get };
}

/** `/v2/_catalog` */
export function catalogRoutes(repositories: Repositories): Handlers {
  const get = async (exchange: Exchange): Promise<void> => {
    const names: string[] = [];
    for await (const name of repositories.names()) names.push(name);
    const { entries, headers } = page(exchange, names, '/v2/_catalog');
    respondJson(exchange, 200, { headers, body: { repositories: entries } });
  };
  return { GET: get, HEAD: get };
}
