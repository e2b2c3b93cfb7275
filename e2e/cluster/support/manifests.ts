import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { kubectl } from './kubectl';

export type Manifest = {
  kind: string;
  metadata: { name: string; namespace?: string };
  data?: Record<string, string>;
  [field: string]: unknown;
};

export const k8s = path.join(__dirname, '../../../k8s');

/** What `kubectl kustomize` makes of a directory below k8s/. */
export async function render(directory: string): Promise<Manifest[]> {
  return parse(await kubectl(['kustomize', path.resolve(k8s, directory)]));
}

export const parse = (text: string): Manifest[] =>
  parseAllDocuments(text).map((document) => document.toJS() as Manifest);

/** For kubectl's standard input. */
export const written = (manifests: readonly Manifest[]): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests });

/** Names of namespaces, and of what has none, that belong to one test alone. */
export type Own = { services: string; work: string; suffix: string };

const clusterWide = ['ClusterRole', 'ClusterRoleBinding'];

/** The same manifests in namespaces of a test's own: everything else is as people apply it. */
export function inOwnNamespaces(manifests: readonly Manifest[], own: Own): Manifest[] {
  const renamed = new Map([
    ['keelson', own.services],
    ['keelson-work', own.work],
  ]);
  const at = (key: string, value: unknown): unknown =>
    namesNamespace.has(key) && typeof value === 'string' ? (renamed.get(value) ?? value) : rename(value);
  const rename = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(rename);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, at(key, inner)]));
  };
  return manifests.map((manifest) => {
    const copy = rename(manifest) as Manifest;
    if (copy.kind === 'Namespace') copy.metadata.name = renamed.get(copy.metadata.name) ?? copy.metadata.name;
    if (clusterWide.includes(copy.kind)) {
      copy.metadata.name += own.suffix;
      if (copy.roleRef !== undefined) (copy.roleRef as { name: string }).name += own.suffix;
    }
    return copy;
  });
}

const namesNamespace = new Set(['namespace', 'kubernetes.io/metadata.name', 'KEELSON_NAMESPACE']);
