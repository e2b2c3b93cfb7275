import { withSession } from './git-session';
import type { ObjectSource } from './git-session';
import { checkObjectId, ObjectMissingError } from './object-id';

export type CommitInfo = {
  tree: string;
  parents: readonly string[];
  authorName: string;
  /** ISO 8601, UTC, whole seconds. */
  authoredAt: string;
  committedAt: string;
  /** First line of the message, at most 1,024 characters; control characters are spaces. */
  subject: string;
};

const largestCommit = 16_777_216;

/** What a commit says of itself. @throws ObjectMissingError when it is not in the repository */
export async function commitInfo(source: ObjectSource, commit: string, signal?: AbortSignal): Promise<CommitInfo> {
  checkObjectId(commit);
  return withSession(source, (session) =>
    session.use(async (objects) => {
      objects.ask([commit]);
      const header = await objects.header();
      if (header?.type !== 'commit' || header.sizeBytes > largestCommit) {
        throw new ObjectMissingError(`there is no commit ${commit} in ${session.repository.gitDir}`);
      }
      return parseCommit(commit, await objects.content(header));
    }, signal),
  );
}

/** @see https://git-scm.com/docs/gitformat-commit-graph and `git cat-file commit HEAD` */
function parseCommit(commit: string, bytes: Buffer): CommitInfo {
  const blank = bytes.indexOf('\n\n');
  const header = bytes.toString('utf8', 0, blank < 0 ? bytes.length : blank).split('\n');
  const field = (name: string): string =>
    header.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? '';
  const tree = field('tree');
  if (tree === '') throw new ObjectMissingError(`the commit ${commit} is malformed: it names no tree`);
  const message = blank < 0 ? '' : bytes.toString('utf8', blank + 2, Math.min(bytes.length, blank + 16_384));
  return {
    tree,
    parents: header.filter((line) => line.startsWith('parent ')).map((line) => line.slice(7)),
    authorName: clean(field('author').replace(/\s*<.*$/s, '')),
    authoredAt: timeOf(field('author')),
    committedAt: timeOf(field('committer')),
    subject: clean(message.trimStart().split('\n', 1)[0] ?? ''),
  };
}

// eslint-disable-next-line no-control-regex -- control characters are what is replaced
const control = /[\u0000-\u001f\u007f-\u009f]/g;

/** Names and subjects reach terminals: no control characters. */
const clean = (text: string): string => text.replace(control, ' ').trim().slice(0, 1024);

function timeOf(person: string): string {
  const seconds = Number(/> (-?\d{1,12})/.exec(person)?.[1] ?? 0);
  const time = new Date(seconds * 1000);
  const usable = Number.isNaN(time.getTime()) ? new Date(0) : time;
  return usable.toISOString().replace('.000Z', 'Z');
}
