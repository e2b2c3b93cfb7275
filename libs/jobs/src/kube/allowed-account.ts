import { z } from 'zod';
import { JobsError } from '../jobs';
import type { KubeObject, ManifestJob } from '../jobs';

const tokenType = 'kubernetes.io/service-account-token';
const tokenOf = 'kubernetes.io/service-account.name';

const podAccount = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      // The second is its old name, which Kubernetes still takes.
      spec: z.looseObject({ serviceAccountName: z.string().optional(), serviceAccount: z.string().optional() }),
    }),
  }),
});

/**
 * A token of an account is all that the account may do, in the hands of whoever may change the pipeline file: which accounts those are, the
 * operator says. @throws JobsError naming the account that a job may not run as
 */
export function checkAccounts(job: ManifestJob, accounts: readonly string[]): void {
  const refused = job.objects.flatMap(accountsOf).find((account) => !accounts.includes(account));
  if (refused === undefined) return;
  const allowed = accounts.length === 0 ? 'none is allowed here' : `allowed here: ${accounts.join(', ')}`;
  throw new JobsError(
    `the job ${job.name} asks for the service account ${refused}: ${allowed} (KEELSON_JOB_ACCOUNTS)`,
    false,
    { fault: 'user' },
  );
}

function accountsOf(object: KubeObject): string[] {
  if (object.kind === 'Job') {
    const { serviceAccountName, serviceAccount } = podAccount.safeParse(object).data?.spec.template.spec ?? {};
    return [serviceAccountName, serviceAccount].filter((name) => name !== undefined);
  }
  // The cluster fills such a Secret with a token of the account.
  const isToken = object.kind === 'Secret' && object['type'] === tokenType;
  return isToken ? [object.metadata.annotations?.[tokenOf] ?? ''] : [];
}
