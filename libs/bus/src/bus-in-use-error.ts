/** Another living process, or another bus of this process, has the directory open. */
export class BusInUseError extends Error {
  readonly code = 'bus-in-use';
  override readonly name = 'BusInUseError';
  constructor(
    readonly directory: string,
    /** Who has it. */
    readonly pid: number,
  ) {
    super(`the bus in ${directory} is in use by process ${pid}: end it first, or choose another directory`);
  }
}
