import { passwordsIn } from '@keelson/pipeline';

const secretName = /token|passw|secret|credential|private|api_?key|access_?key|auth/i;

/** What of a template's environment is secret: what its names say is, and passwords in `$Registry`. */
export const knownSecrets = (env: Readonly<Record<string, string>>): readonly string[] => [
  ...Object.entries(env).flatMap(([name, value]) => (secretName.test(name) ? [value] : [])),
  ...passwordsIn(env['Registry'] ?? ''),
];
