import { logLine, parseEvent } from '@keelson/events';
import { changeMerged, Captured, runOf } from '../fixture.contract';
import { JsonReporter } from './json-reporter';

describe('the JSON of a run', () => {
  const time = '2026-11-24T10:00:01.123456789Z';
  const tell = async (lines: readonly { bytes: Uint8Array; partial?: boolean }[], run = runOf(1)) => {
    const out = new Captured();
    const reporter = new JsonReporter(out.output, new Captured().output);
    for (const line of lines) await reporter.logLine({ ...run, stage: 'test', name: 'x' }, { time, ...line });
    return out.lines.map((line) => logLine.parse(JSON.parse(line)));
  };

  it('is each event as it was published', async () => {
    const out = new Captured();
    const event = changeMerged(runOf(1));
    await new JsonReporter(out.output, new Captured().output).event(event);
    expect(out.lines).toEqual([JSON.stringify(event)]);
    expect(parseEvent(out.lines[0])).toEqual(event);
  });

  it('keeps output that is no text, byte by byte', async () => {
    const bytes = Buffer.from([0x61, 0xff, 0x00, 0xc3]);
    const [line] = await tell([{ bytes }]);
    const { content } = line!.data.subject;
    expect('base64' in content ? Buffer.from(content.base64, 'base64') : undefined).toEqual(bytes);
  });

  it.each(['', 'plain', 'grün \u001b[1m', '\ufeffmarked', '\ufffd'])('shows the text %j as text', async (text) => {
    const [line] = await tell([{ bytes: Buffer.from(text) }]);
    expect(line!.data.subject.content).toEqual({ text });
  });

  it('marks a piece of a longer line', async () => {
    const [line] = await tell([{ bytes: Buffer.from('a'), partial: true }]);
    expect(line!.data.subject.content).toEqual({ text: 'a', partial: true });
  });

  it('numbers the lines of each log by itself', async () => {
    const out = new Captured();
    const reporter = new JsonReporter(out.output, new Captured().output);
    for (const run of [runOf(1), runOf(2), runOf(1), runOf(1, 2)]) {
      await reporter.logLine({ ...run, stage: 'test', name: 'x' }, { time, bytes: Buffer.from('x') });
    }
    const ids = out.lines.map((line) => logLine.parse(JSON.parse(line)).id.slice(-14));
    expect(ids).toEqual(['00001/1/test/1', '00002/1/test/1', '00001/1/test/2', '00001/2/test/1']);
  });

  it('tells a build from a test', async () => {
    const out = new Captured();
    const reporter = new JsonReporter(out.output, new Captured().output);
    for (const stage of ['build', 'test'] as const)
      await reporter.logLine({ ...runOf(1), stage, name: 'x' }, { time, bytes: Buffer.from('x') });
    const [build, test] = out.lines.map((line) => logLine.parse(JSON.parse(line)));
    expect([build?.source, build?.data.customData.stage]).toEqual(['/keelson/image-builder', 'build']);
    expect([test?.source, test?.data.customData.stage]).toEqual(['/keelson/test-runner', 'test']);
    expect(build?.id).not.toBe(test?.id);
  });

  it('keeps everything else out of the way', async () => {
    const [out, problems] = [new Captured(), new Captured()];
    const reporter = new JsonReporter(out.output, problems.output);
    await reporter.notice('/srv/widget', 'waiting');
    await reporter.fact('calm-otter-42', 'goes on');
    expect(out.lines).toEqual([]);
    expect(problems.lines).toEqual(['keelson: /srv/widget: waiting', 'keelson: calm-otter-42: goes on']);
  });
});
