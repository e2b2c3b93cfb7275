/** The kinds a job may bring, and where the API has them. */
const places: Readonly<Record<string, string>> = {
  'batch/v1 Job': '/apis/batch/v1/namespaces/{namespace}/jobs',
  'v1 Secret': '/api/v1/namespaces/{namespace}/secrets',
  'v1 ConfigMap': '/api/v1/namespaces/{namespace}/configmaps',
  'v1 Service': '/api/v1/namespaces/{namespace}/services',
  'v1 PersistentVolumeClaim': '/api/v1/namespaces/{namespace}/persistentvolumeclaims',
};

const segment = (text: string): string => encodeURIComponent(text);

/** Where the API has the objects of a kind; undefined when a job may not bring such. @param kind with its version, `v1 Secret` */
export function kindPath(kind: string, namespace: string): string | undefined {
  return places[kind]?.replace('{namespace}', segment(namespace));
}

export const jobsPath = (namespace: string): string => `/apis/batch/v1/namespaces/${segment(namespace)}/jobs`;
export const podsPath = (namespace: string): string => `/api/v1/namespaces/${segment(namespace)}/pods`;
export const eventsPath = (namespace: string): string => `/api/v1/namespaces/${segment(namespace)}/events`;
export const namespacesPath = '/api/v1/namespaces';
export const namedPath = (collection: string, name: string): string => `${collection}/${segment(name)}`;
/** Across all namespaces. */
export const allJobsPath = '/apis/batch/v1/jobs';
export const allPodsPath = '/api/v1/pods';
