import type { FailureClass } from './build-progress';

/** Words of builders and of the clients in them, the first match counts. Every builder links one of two registry clients. */
const words: readonly (readonly [RegExp, FailureClass])[] = [
  [/dockerfile parse error|failed to parse dockerfile|unknown instruction|Unsupported directive/i, 'dockerfile'],
  // It is not there, or has no such stage.
  [/failed to read dockerfile: open |failed to generate\/find dockerfile|valid path to a Dockerfile/, 'dockerfile'],
  [/target stage .*(?:could not be found|not found in dockerfile)|not a valid target build stage/, 'dockerfile'],
  [/did not complete successfully|waiting for process to exit|cmd wait: exit status/, 'step-failed'],
  [
    /base name \(.*\) should not be blank|failed to parse stage name |circular dependency detected on stage/,
    'dockerfile',
  ],
  [/failed to process ".*": /, 'dockerfile'],
  [/cannot replace to directory .* with file|cannot copy to non-directory: /, 'dockerfile'],
  // Named by the Dockerfile, and not given by the pipeline file.
  [/\bsecret \S+: not found|unset ssh forward key |no SSH key .* forwarded from the client/, 'dockerfile'],
  // Before all statuses: a file's name may hold one. In quotes it is a file; what else is not found is a layer that its registry lost.
  [/failed to calculate checksum of ref \S+ "(?:[^"\\]|\\.)*": not found/, 'file-not-found'],
  [/files used from context: .*no such file|hash context sources: .*no such file/, 'file-not-found'],
  [/invalid response status (?:404|410)\b/, 'file-not-found'],
  [/no space left on device|disk quota exceeded/i, 'disk-full'],
  [
    /failed to extract layer|mount callback failed on|archive\/tar: |invalid tar header|gzip: invalid header|untar reader|create gzip reader/,
    'base-unreadable',
  ],
  // A status is a word of its own; in a name or a tag it is none.
  [/toomanyrequests|too many requests|(?<=[\s(=])429(?=[\s:;,)]|$)/i, 'rate-limited'],
  [/unauthorized|authentication required|denied: |insufficient_scope|(?<=[\s(=])(?:401|403)(?= |$)/i, 'registry-login'],
  [/connection (?:refused|reset)|no such host|i\/o timeout|TLS handshake timeout|network is unreachable/i, 'network'],
  [/context deadline exceeded|unexpected EOF|": EOF|broken pipe|no route to host|x509: |server gave HTTP/i, 'network'],
  [/failed to push|error pushing|pushing image|push layer|check manifest exists/i, 'registry'],
  [
    /internal server error|bad gateway|service unavailable|gateway time-?out|(?<=[\s(=])50[0234](?=[\s:;,)]|$)/i,
    'registry',
  ],
  [/manifest[ _]unknown|manifest not found|name[ _]unknown|repository does not exist/i, 'base-not-found'],
  [/failed to resolve source metadata for .*: not found/, 'base-not-found'],
];

/** What a builder's last words mean. */
export const failureClass = (message: string): FailureClass =>
  words.find(([form]) => form.test(message))?.[1] ?? 'unknown';

const users: ReadonlySet<FailureClass> = new Set([
  'dockerfile',
  'step-failed',
  'base-not-found',
  'base-unreadable',
  'file-not-found',
  'registry-login',
]);

/** Whether the user can mend it; otherwise it is ours to try again. */
export const isUsersFault = (kind: FailureClass): boolean => users.has(kind);
