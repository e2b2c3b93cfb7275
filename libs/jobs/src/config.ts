/** What every job gets of our own environment, so that usual tool chains work; all else may be secret and stays here. */
const passed = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'USER', 'LOGNAME'] as const;

/** Marks what runs inside a job; a Keelson that itself runs inside a job hands the mark on, or its jobs would outlive that one. */
export const markVariable = 'KEELSON_JOB';

export function baseEnvironment(): Readonly<Record<string, string>> {
  const { env } = process;
  const present = passed.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]));
  return { PATH: '/usr/local/bin:/usr/bin:/bin', ...Object.fromEntries(present) };
}

/** The mark of the job this process itself runs in, if it does. */
export const outerMark = (): string | undefined => process.env[markVariable];
