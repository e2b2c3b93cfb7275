import { z } from 'zod';
import { isStatus } from './api-refusal';
import { read } from './find-job';
import type { KubeHost } from './kube-host';

type Right = { verb: string; group: string; resource: string; subresource: string };

const right = (verb: string, resource: string, group = ''): Right => {
  const [of = '', subresource = ''] = resource.split('/');
  return { verb, group, resource: of, subresource };
};

/** Without these no job at all can be run, seen or ended. What templates bring along is asked for when one does. */
export const neededRights: readonly Right[] = [
  ...['create', 'get', 'list', 'patch', 'delete'].map((verb) => right(verb, 'jobs', 'batch')),
  ...['list', 'watch', 'patch'].map((verb) => right(verb, 'pods')),
  right('get', 'pods/log'),
  right('list', 'events'),
];

/** How long an answer counts: rights are given while somebody waits for it, and hardly ever taken. */
const validMs = { missing: 3_000, complete: 60_000 };
/** Whoever asks for our health does not wait for long. */
const answerMs = 1_500;

const rulesReview = z.object({
  status: z.object({
    resourceRules: z.array(
      z.object({
        verbs: z.array(z.string()),
        apiGroups: z.array(z.string()).optional(),
        resources: z.array(z.string()).optional(),
        resourceNames: z.array(z.string()).optional(),
      }),
    ),
  }),
});
type Rule = z.infer<typeof rulesReview>['status']['resourceRules'][number];

const accessReview = z.object({ status: z.object({ allowed: z.boolean() }) });

/** What the account that we are may not do and has to. */
export class OwnRights {
  readonly #host: KubeHost;
  #missing: readonly string[] = [];
  #askedAtMs = -Infinity;
  #asking: Promise<void> | undefined;

  constructor(host: KubeHost) {
    this.#host = host;
  }

  /** A sentence for each right that is missing. What cannot be asked now is as it was last. Never rejects. */
  async missing(): Promise<readonly string[]> {
    const forMs = this.#missing.length > 0 ? validMs.missing : validMs.complete;
    if (performance.now() - this.#askedAtMs > forMs) {
      this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
      await this.#asking;
    }
    return this.#missing;
  }

  async #ask(): Promise<void> {
    const signal = AbortSignal.timeout(answerMs);
    try {
      const missing = await this.#refused(await this.#notInRules(signal), signal);
      this.#missing = missing.map((one) => this.#sentence(one));
      this.#askedAtMs = performance.now();
    } catch (error) {
      // An API that is away is told of by whoever needs it; one that does not say is believed to allow.
      if (isStatus(error, 401)) this.#missing = [error.message];
    }
  }

  /** By one request, of what most clusters can tell at once. */
  async #notInRules(signal: AbortSignal): Promise<readonly Right[]> {
    const { namespace, anyNamespace } = this.#host;
    if (anyNamespace) return neededRights;
    const { status } = await this.#review('selfsubjectrulesreviews', { namespace }, { schema: rulesReview, signal });
    return neededRights.filter((one) => !status.resourceRules.some((rule) => allows(rule, one)));
  }

  /** What else authorises may know no rules: each is asked for by itself. */
  async #refused(rights: readonly Right[], signal: AbortSignal): Promise<readonly Right[]> {
    const { namespace, anyNamespace } = this.#host;
    const isRefused = async (one: Right) => {
      const resourceAttributes = { ...one, namespace: anyNamespace ? '' : namespace };
      const as = { schema: accessReview, signal };
      return !(await this.#review('selfsubjectaccessreviews', { resourceAttributes }, as)).status.allowed;
    };
    const answers = await Promise.all(rights.map(isRefused));
    return rights.filter((_one, at) => answers[at]);
  }

  #review<T>(plural: string, spec: object, { schema, signal }: { schema: z.ZodType<T>; signal: AbortSignal }) {
    const kind = plural === 'selfsubjectrulesreviews' ? 'SelfSubjectRulesReview' : 'SelfSubjectAccessReview';
    const body = { apiVersion: 'authorization.k8s.io/v1', kind, spec };
    const path = `/apis/authorization.k8s.io/v1/${plural}`;
    return read(this.#host, { what: 'asking for our own rights', method: 'POST', path, body, signal }, schema);
  }

  #sentence({ verb, group, resource, subresource }: Right): string {
    const { namespace, anyNamespace } = this.#host;
    const what = `${resource}${group && `.${group}`}${subresource && `/${subresource}`}`;
    const [where, role] = anyNamespace ? ['any namespace', 'ClusterRole'] : [`the namespace ${namespace}`, 'Role'];
    return `may not ${verb} ${what} in ${where}: give its ${role} this right`;
  }
}

function allows(rule: Rule, { verb, group, resource, subresource }: Right): boolean {
  const { verbs, apiGroups = [], resources = [], resourceNames = [] } = rule;
  const has = (all: readonly string[], ...any: readonly string[]) => any.some((one) => all.includes(one));
  const names = subresource === '' ? [resource] : [`${resource}/${subresource}`, `*/${subresource}`];
  return has(verbs, verb, '*') && has(apiGroups, group, '*') && has(resources, ...names, '*') && !resourceNames.length;
}
