/** One log line of JSON as one line for people: time, level, name, message, fields. Other text stays as it is. */
export function prettyLine(line: string): string {
  const entry = parsed(line);
  if (entry === undefined) return line;
  const { level, time, name, msg, ...fields } = entry;
  const clock = typeof time === 'string' ? time.slice(11, 23) : '';
  const told = Object.entries(fields).filter(([key]) => key !== 'pid');
  const details = told.map(([key, value]) => `${key}=${shown(value)}`);
  return [clock, String(level).padEnd(5), `${String(name)}:`, String(msg), ...details].join(' ') + '\n';
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined; // not ours to reformat
  }
}

function shown(value: unknown): string {
  const isError = typeof value === 'object' && value !== null && 'message' in value && 'stack' in value;
  return JSON.stringify(isError ? value.message : value);
}
