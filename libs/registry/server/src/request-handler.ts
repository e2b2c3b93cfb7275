import type { IncomingMessage, ServerResponse } from 'node:http';
import { BlobStore } from './blob-store';
import { blobRoutes } from './blob-routes';
import { DistributionError } from './distribution-error';
import { respondError } from './error-answer';
import type { Exchange, Handlers } from './exchange';
import { respondJson } from './exchange';
import { Layout } from './layout';
import { catalogRoutes, tagRoutes } from './listing-routes';
import { manifestRoutes } from './manifest-routes';
import { ManifestStore } from './manifest-store';
import { isRepositoryName } from './name';
import type { RegistryLimits, RegistryOptions } from './options';
import { defaultLimits } from './options';
import { referrerRoutes } from './referrer-routes';
import { Repositories } from './repositories';
import type { Route, RouteKind } from './route';
import { parseRoute } from './route';
import { unreferencedRoutes } from './unreferenced-routes';
import { UploadIds } from './upload-id';
import { uploadRoutes, uploadsRoutes } from './upload-routes';
import { UploadSegments } from './upload-segments';
import { UploadStore } from './upload-store';

/** The registry without a server of its own. */
export type RegistryHandler = {
  /** Answers one request; resolves when the answer is out or the client is gone, and never rejects. */
  handle(req: IncomingMessage, res: ServerResponse): Promise<void>;
  /** Drops expired uploads. @returns how many */
  sweep(): Promise<number>;
};

type Routes = Readonly<Record<RouteKind, Handlers>>;

/** @throws ObjectStoreError when the store cannot be read */
export async function openRegistryHandler(options: RegistryOptions): Promise<RegistryHandler> {
  const { store, prefix = 'registry/', now = Date.now } = options;
  if (prefix !== '' && !prefix.endsWith('/')) throw new TypeError(`the registry's prefix ${prefix} does not end in /`);
  const limits = { ...defaultLimits, ...options.limits };
  const layout = new Layout(prefix);
  const repositories = new Repositories(store, layout);
  const blobs = new BlobStore(store, layout, repositories);
  const manifests = new ManifestStore(store, layout);
  const ids = await UploadIds.open(store, layout);
  const uploads = new UploadStore(
    { ids, segments: new UploadSegments(store, layout, blobs), blobs },
    { segmentBytes: limits.segmentBytes, expiryMs: limits.uploadExpiryMs, now },
  );
  const routes = routesOf({ repositories, blobs, manifests, uploads, limits }, options.allowDelete ?? true);
  return {
    handle: (req, res) => answer(routes, { req, res }, options.onWarning),
    sweep: () => uploads.sweep(),
  };
}

type Parts = {
  repositories: Repositories;
  blobs: BlobStore;
  manifests: ManifestStore;
  uploads: UploadStore;
  limits: RegistryLimits;
};

function routesOf({ repositories, blobs, manifests, uploads, limits }: Parts, allowDelete: boolean): Routes {
  const keep = ({ DELETE, ...rest }: Handlers): Handlers => (allowDelete && DELETE ? { ...rest, DELETE } : rest);
  return {
    base: baseRoutes,
    catalog: catalogRoutes(repositories),
    tags: tagRoutes(manifests, repositories),
    manifest: keep(manifestRoutes({ manifests, blobs }, limits)),
    uploads: uploadsRoutes(uploads, blobs),
    upload: uploadRoutes(uploads),
    blob: keep(blobRoutes(blobs)),
    referrers: referrerRoutes(manifests, limits),
    unreferenced: allowDelete ? unreferencedRoutes({ manifests, blobs }, limits) : {},
  };
}

const base = (exchange: Exchange): Promise<void> => Promise.resolve(respondJson(exchange, 200, { body: {} }));
const baseRoutes: Handlers = { GET: base, HEAD: base };

async function answer(
  routes: Routes,
  connection: Pick<Exchange, 'req' | 'res'>,
  onWarning: RegistryOptions['onWarning'],
): Promise<void> {
  const { req, res } = connection;
  // Without a listener a connection that breaks would end the process.
  req.on('error', () => undefined);
  res.on('error', () => undefined);
  res.setHeader('Docker-Distribution-API-Version', 'registry/2.0');
  try {
    await dispatch(routes, connection);
  } catch (error) {
    const clientGone = req.destroyed && !req.complete;
    if (!(error instanceof DistributionError) && !clientGone && !res.destroyed) {
      onWarning?.({ message: 'a request failed', method: req.method ?? '', path: pathOf(req), cause: error });
    }
    respondError(connection, error);
  }
}

async function dispatch(routes: Routes, { req, res }: Pick<Exchange, 'req' | 'res'>): Promise<void> {
  const url = req.url ?? '';
  const route = parseRoute(pathOf(req));
  if (!route) throw new DistributionError(404, { code: 'UNSUPPORTED', message: 'the API has no such path' });
  requireName(route);
  refuseBrowsers(req);
  const handlers = routes[route.kind];
  const handler = Object.hasOwn(handlers, req.method ?? '') ? handlers[req.method ?? ''] : undefined;
  if (!handler) {
    const fault = { code: 'UNSUPPORTED', message: `${req.method ?? ''} is not supported here` } as const;
    throw new DistributionError(405, fault, { Allow: Object.keys(handlers).join(', ') });
  }
  const query = new URLSearchParams(url.slice(pathOf(req).length));
  await handler({ req, res, name: route.name, reference: route.reference, query });
}

/**
 * A web page that a browser on this machine shows can reach a loopback address; without logins it could push what a pipeline then
 * runs. Browsers name a page's origin in every request that changes something; clients of a registry never do.
 */
function refuseBrowsers({ method, headers }: IncomingMessage): void {
  if (headers.origin === undefined || method === 'GET' || method === 'HEAD') return;
  throw new DistributionError(403, { code: 'DENIED', message: 'web pages may not change the registry' });
}

const pathOf = (req: IncomingMessage): string => (req.url ?? '').replace(/\?.*$/s, '');

function requireName({ kind, name }: Route): void {
  if (kind === 'base' || kind === 'catalog' || isRepositoryName(name)) return;
  throw new DistributionError(400, { code: 'NAME_INVALID', message: `${name} is no repository name` });
}
