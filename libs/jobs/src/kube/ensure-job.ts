import { JobsError } from '../jobs';
import type { CommandJob, JobSpec, KubeObject, ManifestJob } from '../jobs';
import { isManifest } from '../job-spec';
import { checkAccounts } from './allowed-account';
import { isStatus } from './api-refusal';
import { jobsPath, kindPath, namedPath, namespacesPath } from './api-paths';
import { compileCommand } from './compile-command';
import { nameOf, read } from './find-job';
import type { KubeHost } from './kube-host';
import { jobLabel, kubeName } from './kube-names';
import { jobObject } from './kube-objects';
import { prepareObjects } from './prepare-objects';
import type { Prepared } from './prepare-objects';

export type Ensured = 'created' | 'exists' | 'deleting';
type Signal = AbortSignal | undefined;

/** Makes the job's objects, the Job itself last: its name decides who of several makes it. @throws JobsError */
export async function ensureJob(host: KubeHost, spec: JobSpec, signal: Signal): Promise<Ensured> {
  const manifest = isManifest(spec) ? spec : await compiled(host, spec, signal);
  const namespace = allowedNamespace(host, manifest);
  checkAccounts(manifest, host.accounts);
  const prepared = prepareObjects(manifest, namespace, host.graces);
  if (manifest.namespace?.create !== true) return makeObjects(host, { spec, prepared }, signal);
  const made = await makeNamespace(host, { job: spec.name, namespace }, signal);
  if (made === 'deleting') return 'deleting';
  try {
    return await makeObjects(host, { spec, prepared }, signal);
  } catch (error) {
    if (made === 'created') await dropNamespace(host, namespace);
    throw error;
  }
}

function allowedNamespace(host: KubeHost, { name, namespace }: ManifestJob): string {
  const wanted = namespace?.name ?? host.namespace;
  if (wanted === host.namespace || host.anyNamespace) return wanted;
  const only = `this Keelson runs jobs in ${host.namespace} only`;
  throw new JobsError(`the job ${name} asks for the namespace ${wanted}: ${only}`, false, { fault: 'user' });
}

async function compiled(host: KubeHost, job: CommandJob, signal: Signal): Promise<ManifestJob> {
  const user = await host.userOf(job.image, signal);
  const { podHelperImage: helperImage, uploads } = host;
  const keeps = job.artifacts.length > 0 && helperImage !== undefined && uploads !== undefined;
  if (!keeps) return compileCommand(job, { isNonRoot: isNonRoot(user) });
  const grant = JSON.stringify({ ...(await uploads.grant(job, signal)), patterns: job.artifacts });
  return compileCommand(job, { isNonRoot: isNonRoot(user), upload: { helperImage, grant } });
}

/** By its number: a name could be anybody's, and the kubelet refuses it where root is forbidden. */
const isNonRoot = (user: string | undefined): boolean => /^0*[1-9]\d*(:|$)/.test(user ?? '');

type Making = { spec: JobSpec; prepared: Prepared };

async function makeObjects(host: KubeHost, { spec, prepared }: Making, signal: Signal): Promise<Ensured> {
  // Somebody else's template may hold anything: the cluster says what it thinks of all of it before any of it is made. Of one object it says so anyway.
  if (isManifest(spec) && prepared.beside.length > 0) {
    const all = [...prepared.beside, prepared.job];
    await Promise.all(all.map((object) => create(host, { object, dryRun: true }, signal)));
  }
  const made = await Promise.all(prepared.beside.map((object) => makeBeside(host, { object, prepared }, signal)));
  if (made.includes('deleting')) return 'deleting';
  if (await create(host, { object: prepared.job }, signal)) return 'created';
  return standing(host, spec.name, { namespace: prepared.namespace, signal });
}

/** True when it was made, false when there is one of that name. */
async function create(
  { api }: KubeHost,
  { object, dryRun = false }: { object: KubeObject; dryRun?: boolean },
  signal: Signal,
): Promise<boolean> {
  const { apiVersion, kind, metadata } = object;
  const path = kindPath(`${apiVersion} ${kind}`, metadata.namespace ?? '') ?? '';
  const query = { fieldValidation: 'Strict', ...(dryRun ? { dryRun: 'All' } : {}) };
  const what = `${dryRun ? 'checking' : 'creating'} the ${kind} ${metadata.name} in ${metadata.namespace ?? ''}`;
  try {
    await api.call({ what, method: 'POST', path, query, body: object, signal });
    return true;
  } catch (error) {
    if (isStatus(error, 409)) return false;
    throw error;
  }
}

type Beside = { object: KubeObject; prepared: Prepared };

async function makeBeside(host: KubeHost, { object, prepared }: Beside, signal: Signal): Promise<'made' | 'deleting'> {
  if (await create(host, { object }, signal)) return 'made';
  if (object.kind === 'Secret') return renewSecret(host, { object, prepared }, signal);
  const { apiVersion, kind, metadata } = object;
  const path = namedPath(kindPath(`${apiVersion} ${kind}`, metadata.namespace ?? '') ?? '', metadata.name);
  const found = await read(host, { what: `looking at the ${kind} ${metadata.name}`, path, signal }, jobObject);
  if (found.metadata.labels[jobLabel] !== metadata.labels?.[jobLabel]) throw foreign(kind, found.metadata);
  if (found.metadata.deletionTimestamp !== undefined) return 'deleting';
  // From an ensure that was cut short, or another one at work.
  if (kind === 'ConfigMap') {
    await host.api.call({ what: `renewing the ${kind} ${metadata.name}`, method: 'PATCH', path, body: object, signal });
  }
  return 'made';
}

/**
 * A Secret that is there already, from an ensure that was cut short: what it holds may be older than this attempt's credential. It is made
 * anew, because who may read or change one (an answer to a change holds all of it) may read every other in the namespace.
 */
async function renewSecret(host: KubeHost, { object, prepared }: Beside, signal: Signal): Promise<'made'> {
  const { name, namespace = '', labels } = object.metadata;
  // Its pod may be about to use it.
  if (await jobIsThere(host, prepared, signal)) return 'made';
  const query = { labelSelector: `${jobLabel}=${labels?.[jobLabel] ?? ''}`, fieldSelector: `metadata.name=${name}` };
  const path = kindPath('v1 Secret', namespace) ?? '';
  await host.api.call({ what: `renewing the Secret ${name} in ${namespace}`, method: 'DELETE', path, query, signal });
  if (await create(host, { object }, signal)) return 'made';
  throw foreign('Secret', { name, namespace });
}

async function jobIsThere(host: KubeHost, { job, namespace }: Prepared, signal: Signal): Promise<boolean> {
  const path = namedPath(jobsPath(namespace), job.metadata.name);
  try {
    await read(host, { what: `looking at the job ${job.metadata.name}`, path, signal }, jobObject);
    return true;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw error;
  }
}

/** The Job that stands in the way of ours: it is ours, on its way out, or somebody else's. */
async function standing(
  host: KubeHost,
  name: string,
  { namespace, signal }: { namespace: string; signal: Signal },
): Promise<Ensured> {
  const path = namedPath(jobsPath(namespace), kubeName(name));
  try {
    const found = await read(host, { what: `looking at the job ${name}`, path, signal }, jobObject);
    if (found.metadata.deletionTimestamp !== undefined) return 'deleting';
    if (found.metadata.labels[jobLabel] === undefined || nameOf(found) !== name) throw foreign('Job', found.metadata);
    return 'exists';
  } catch (error) {
    if (isStatus(error, 404)) return 'deleting';
    throw error;
  }
}

const foreign = (kind: string, { name, namespace }: { name: string; namespace: string }): JobsError =>
  new JobsError(
    `there is a ${kind} ${name} in ${namespace} that belongs to something else: rename or remove it`,
    false,
  );

async function makeNamespace(
  host: KubeHost,
  { job, namespace }: { job: string; namespace: string },
  signal: Signal,
): Promise<Ensured> {
  const metadata = { name: namespace, labels: { [jobLabel]: kubeName(job) } };
  const what = `creating the namespace ${namespace}`;
  try {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata };
    await host.api.call({ what, method: 'POST', path: namespacesPath, body, signal });
    return 'created';
  } catch (error) {
    if (!isStatus(error, 409)) throw error;
  }
  const found = await read(host, { what, path: namedPath(namespacesPath, namespace), signal }, jobObject);
  if (found.metadata.deletionTimestamp !== undefined) return 'deleting';
  if (found.metadata.labels[jobLabel] === undefined)
    throw foreign('Namespace', { name: namespace, namespace: 'the cluster' });
  return 'exists';
}

/** Takes a namespace away again; when that fails it says so and leaves the rest to who reads it. */
export async function dropNamespace(host: KubeHost, namespace: string): Promise<void> {
  const what = `removing the namespace ${namespace}`;
  try {
    await host.api.call({ what, method: 'DELETE', path: namedPath(namespacesPath, namespace) });
  } catch (error) {
    if (!isStatus(error, 404) && !isStatus(error, 409)) host.onWarning((error as Error).message);
  }
}
