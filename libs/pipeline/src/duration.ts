/** Hours, minutes and seconds in this order, at least one of them. */
export const durationForm = /^(?=\d)(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,5})s)?$/;

/** `90s`, `30m`, `1h30m` in milliseconds; undefined when the text is no such duration. Zero is one. */
export function durationMs(text: string): number | undefined {
  const parts = durationForm.exec(text);
  if (parts === null) return undefined;
  const [hours, minutes, seconds] = parts.slice(1).map((part) => Number(part ?? 0));
  return (((hours ?? 0) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)) * 1000;
}
