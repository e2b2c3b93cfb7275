/** Where in a template something is wrong; a line and column as Go counts them: lines from 1, bytes in the line from 0. */
export type TemplatePlace = { file: string; line?: number; column?: number };

/** A template did not render. What was written before the error is in `output`. */
export class TemplateError extends Error {
  readonly code: string = 'template';
  override readonly name: string = 'TemplateError';
  readonly output: Buffer;

  constructor(message: string, output: Buffer = Buffer.alloc(0)) {
    super(message);
    this.output = output;
  }
}

/** The template's text is not a template, or what it asks for cannot be done: its author's to mend. */
export class TemplateFaultError extends TemplateError {
  override readonly code: string = 'template-fault';
  override readonly name: string = 'TemplateFaultError';
  readonly place: TemplatePlace;

  /** @param message Go's own words, which begin with `template: FILE:LINE:COLUMN:` */
  constructor(message: string, file: string, output: Buffer) {
    super(message, output);
    this.place = placeIn(message, file);
  }
}

/** The text cannot be parsed; there is no output. */
export class TemplateSyntaxError extends TemplateFaultError {
  override readonly code = 'template-syntax';
  override readonly name = 'TemplateSyntaxError';
}

/** A function or a field failed while the template ran. */
export class TemplateExecutionError extends TemplateFaultError {
  override readonly code = 'template-execution';
  override readonly name = 'TemplateExecutionError';
}

/** The template ran to its end and called RaiseError: the message is the first one's. */
export class TemplateRaisedError extends TemplateError {
  override readonly code = 'template-raised';
  override readonly name = 'TemplateRaisedError';
  /** Every message, in order. */
  readonly raised: readonly string[];

  constructor(raised: readonly string[], output: Buffer) {
    super(raised[0] ?? '', output);
    this.raised = raised;
  }
}

/** What was handed over besides the template cannot be used: an unknown time zone, a URL that is none. */
export class TemplateRequestError extends TemplateError {
  override readonly code = 'template-request';
  override readonly name = 'TemplateRequestError';
}

/** A limit was reached: time, memory, depth or output. The limits are in the message. */
export class TemplateLimitError extends TemplateError {
  override readonly code = 'template-limit';
  override readonly name = 'TemplateLimitError';
  readonly limit: 'time' | 'memory' | 'depth' | 'output';

  constructor(limit: TemplateLimitError['limit'], message: string, output?: Buffer) {
    super(message, output);
    this.limit = limit;
  }
}

/** The sandbox itself gave up, and not for want of anything: a fault of ours. */
export class TemplateSandboxError extends TemplateError {
  override readonly code = 'template-sandbox';
  override readonly name = 'TemplateSandboxError';
}

function placeIn(message: string, file: string): TemplatePlace {
  const start = `template: ${file}:`;
  const numbers = message.startsWith(start) ? /^(\d+):(?:(\d+):)?/.exec(message.slice(start.length)) : null;
  if (numbers === null) return { file };
  const column = numbers[2] === undefined ? {} : { column: Number(numbers[2]) };
  return { file, line: Number(numbers[1]), ...column };
}
