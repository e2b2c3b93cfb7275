import { newRunId } from '@keelson/events';
import type { Event, RunData } from '@keelson/events';
import {
  beginKey,
  changeKey,
  endKey,
  repositoryNames,
  runFields,
  runName,
  runStarted,
  runsThatPushed,
} from '@keelson/ledger';
import type { ChangeRecord } from '@keelson/ledger';
import { parseImageReference } from '@keelson/registry';
import type { Observer } from '@keelson/stage';
import { instant, service } from './deps';
import type { RegistryPollerDeps } from './deps';
import { TagLook } from './tag-look';
import { imagePublished } from './tell';

/** A watched tag that points at an image nobody of us pushed. */
export type ForeignPush = { repository: string; tag: string; digest: string };

/** Starts a run for every watched tag that somebody else moved. */
export class PushObserver implements Observer<ForeignPush> {
  /** The digest each tag was last found at: a tag that did not move costs one request and no reads. */
  readonly #settled = new Map<string, string>();
  readonly #tags: TagLook;

  constructor(readonly deps: RegistryPollerDeps) {
    this.#tags = new TagLook(deps.client, deps.notice);
  }

  async list(signal: AbortSignal): Promise<readonly ForeignPush[]> {
    const pushes = await Promise.all(this.deps.watched.map((name) => this.#look(name, signal)));
    return pushes.filter((push) => push !== undefined);
  }

  async #look(name: string, signal: AbortSignal): Promise<ForeignPush | undefined> {
    const { registry, repository: path, tag = 'latest' } = parseImageReference(name);
    const { digest } = await this.#tags.at(name, signal);
    if (digest === undefined) return undefined;
    const push = { repository: `${registry}/${path}`, tag, digest };
    if (this.#settled.get(pushKey(push)) === digest) return undefined;
    if (!(await this.#isOurs(push)) && !(await this.#hasEnded(push))) return push;
    this.#settled.set(pushKey(push), digest);
    return undefined;
  }

  async report(push: ForeignPush): Promise<readonly Event[]> {
    const change = await this.#record(push);
    if (change?.commit == null) return [];
    const run: RunData = { ...change, commit: change.commit, attempt: 1 };
    const { record: begin } = await this.deps.ledger.write(beginKey(run.run, 1), {
      ...runFields(run),
      ...{ name: change.name, from: 'test', openedBy: service, openedAt: change.seenAt },
      because: `${push.repository}:${push.tag} was pushed by somebody else`,
    });
    return [runStarted(begin, service), imagePublished(run, push, begin.openedAt)];
  }

  mark(push: ForeignPush): Promise<void> {
    this.#settled.set(pushKey(push), push.digest);
    return Promise.resolve();
  }

  /** Also an image that we built under another name is somebody else's push here; only this repository's records count. */
  async #isOurs(push: ForeignPush): Promise<boolean> {
    return (await runsThatPushed(this.deps.ledger, push, this.deps.sameRegistry)).length > 0;
  }

  /** Whether the run of this very push has ended: then it was told, by an earlier process. */
  async #hasEnded({ repository, tag, digest }: ForeignPush): Promise<boolean> {
    for (const name of repositoryNames(repository, this.deps.sameRegistry ?? [])) {
      const newest = await this.deps.ledger.newestChange(name, tagRef(tag));
      if (newest?.commit !== commitOf(digest)) continue;
      if ((await this.deps.ledger.read(endKey(newest.run, 1))) !== undefined) return true;
    }
    return false;
  }

  /** The change for this push: the newest one if it is this very digest already, else a new one. */
  async #record({ repository, tag, digest }: ForeignPush): Promise<ChangeRecord | undefined> {
    const [source, ref, commit] = [repository, tagRef(tag), commitOf(digest)];
    const newest = await this.deps.ledger.newestChange(source, ref);
    if (newest?.commit === commit) return newest;
    const run = newRunId();
    const sequence = (newest?.sequence ?? 0) + 1;
    const kind = newest === undefined ? ('created' as const) : ('forced' as const);
    const { record } = await this.deps.ledger.write(changeKey(source, ref, sequence), {
      ...{ run, name: runName(run), source, ref, sequence, kind, commit, previous: newest?.commit ?? null },
      ...{ contained: [], seenAt: instant(this.deps.clock()) },
    });
    return record.commit === commit ? record : undefined;
  }
}

// An image has no commit: its digest stands for it, and its tag for a ref.
const tagRef = (tag: string): string => `refs/tags/${tag}`;
const commitOf = (digest: string): string => digest.replace('sha256:', '');

export const pushKey = ({ repository, tag }: ForeignPush): string => `${repository}:${tag}`;
