/**
 * The output file is a row of records: `2026-01-02T03:04:05.123456789Z 6\n` and then that many bytes, which arrived at that time. Lines are
 * told apart when it is read: a record ends where the pipe was empty, not where a line does.
 */
export const timeLength = 30;
/** The longest head: time, space, a decimal number of 10 digits, line feed. */
export const maxHeadLength = timeLength + 12;

export function outputRecord(time: string, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${time} ${bytes.byteLength}\n`, 'latin1'), bytes]);
}
