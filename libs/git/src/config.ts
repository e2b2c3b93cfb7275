/** Variables that would point git at another repository, make it ask somebody, or print what it sends. */
const removed = [
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_CEILING_DIRECTORIES',
  'GIT_COMMON_DIR',
  'GIT_CONFIG',
  'GIT_CONFIG_COUNT',
  'GIT_CONFIG_PARAMETERS',
  'GIT_CURL_VERBOSE',
  'GIT_DIR',
  'GIT_EXTERNAL_DIFF',
  'GIT_GRAFT_FILE',
  'GIT_IMPLICIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_INTERNAL_SUPER_PREFIX',
  'GIT_NAMESPACE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_PREFIX',
  'GIT_QUARANTINE_PATH',
  'GIT_REPLACE_REF_BASE',
  'GIT_SHALLOW_FILE',
  'GIT_WORK_TREE',
  'SSH_ASKPASS',
];

const fixed = {
  LC_ALL: 'C',
  GIT_TERMINAL_PROMPT: '0',
  // Empty means "no such program" and wins over core.askPass.
  GIT_ASKPASS: '',
  SSH_ASKPASS_REQUIRE: 'never',
  GCM_INTERACTIVE: 'never',
  GIT_OPTIONAL_LOCKS: '0',
  // A tree's content must be a function of its id, whatever refs/replace says.
  GIT_NO_REPLACE_OBJECTS: '1',
  // Wins over every protocol.*.allow of any configuration: no ext::, no file://, also not behind a submodule or a redirect.
  GIT_ALLOW_PROTOCOL: 'https:http:ssh:git',
  GIT_PROTOCOL_FROM_USER: '0',
  GIT_PAGER: 'cat',
  GIT_EDITOR: 'false',
};

/**
 * The environment every git process is started with: what the user set (PATH, HOME, proxies, the ssh agent), without what
 * belongs to another repository (we may have been started by a hook) and without anything that prompts or traces.
 */
export function gitEnvironment(additions: Readonly<Record<string, string>> = {}): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    const dropped = removed.includes(name) || name.startsWith('GIT_TRACE') || name.startsWith('GIT_CONFIG_KEY_');
    if (value !== undefined && !dropped) environment[name] = value;
  }
  return { ...environment, ...fixed, ...additions };
}
