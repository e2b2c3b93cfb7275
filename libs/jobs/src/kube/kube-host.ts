import type { JobFile } from '../jobs';
import type { KubeApi } from './kube-api';

/** A job's files leave its pod by themselves, with a credential for that job only. The store is behind these functions. */
export type Uploads = {
  /** Leave to upload below one prefix, by an S3 POST policy, for at least as long as the job may take. The URL is one that a pod reaches. */
  grant(job: { name: string; timeoutMs: number }, signal?: AbortSignal): Promise<UploadGrant>;
  /** What was uploaded. */
  list(name: string): Promise<readonly JobFile[]>;
  /** Forgets what was uploaded. No error when there is nothing. */
  remove(name: string): Promise<void>;
};

export type UploadGrant = {
  /** Where the form is posted to. */
  url: string;
  /** Fields of the form that sign it. */
  fields: Readonly<Record<string, string>>;
  /** Of every key. */
  keyPrefix: string;
  /** Of one file; what is larger is not uploaded, and said. */
  maxBytes: number;
};

export type KubeGraces = {
  /** From SIGTERM to SIGKILL. */
  stopGraceMs: number;
  /** How long a pod may take to be up. */
  startMs: number;
  /** How long an image may fail to be pulled. */
  pullMs: number;
  /** How long no node may take a pod. */
  scheduleMs: number;
  /** How long something else may keep a container from being made, like a Secret that is not there. */
  refusalMs: number;
};

/** What the parts of KubeJobs share. */
export type KubeHost = {
  api: KubeApi;
  /** Where jobs run that name no other. */
  namespace: string;
  /** Whether jobs may be in others. */
  anyNamespace: boolean;
  /** Service accounts that jobs may run as. */
  accounts: readonly string[];
  graces: KubeGraces;
  podHelperImage: string | undefined;
  uploads: Uploads | undefined;
  /** The user that an image runs as, as its configuration says it. */
  userOf: (image: string, signal?: AbortSignal) => Promise<string | undefined>;
  /** Milliseconds since the epoch. */
  clock: () => number;
  onWarning: (message: string) => void;
};
