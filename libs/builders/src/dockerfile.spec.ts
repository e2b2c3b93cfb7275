import { readDockerfile } from './dockerfile';

describe('a Dockerfile', () => {
  it('is read by stages, with the line of each instruction', () => {
    const text = [
      ...['# syntax=docker/dockerfile:1', 'ARG BASE=debian', '', 'FROM --platform=$BUILDPLATFORM $BASE:12 AS build'],
      ...['run apt-get update && \\', '    # not this', '    apt-get install make', 'COPY . .', 'FROM scratch'],
    ].join('\n');
    expect(readDockerfile(text)).toEqual({
      globals: [{ line: 2, keyword: 'ARG', rest: 'BASE=debian' }],
      stages: [
        {
          ...{ name: 'build', base: '$BASE:12', from: expect.objectContaining({ line: 4 }) },
          instructions: [
            { line: 5, keyword: 'RUN', rest: 'apt-get update && apt-get install make' },
            { line: 8, keyword: 'COPY', rest: '. .' },
          ],
        },
        { base: 'scratch', from: expect.objectContaining({ line: 9 }), instructions: [] },
      ],
    });
  });

  it('keeps here-documents with their instruction', () => {
    const { stages } = readDockerfile('FROM a\nRUN <<EOF\nCOPY x y\nFROM z\nEOF\nCOPY <<-"E" /f\n\tE\nUSER u\n');
    expect(stages).toHaveLength(1);
    expect(stages[0]?.instructions.map(({ line, keyword }) => [line, keyword])).toEqual([
      [2, 'RUN'],
      [6, 'COPY'],
      [8, 'USER'],
    ]);
  });

  it('may continue lines by another character, and be written with CRLF', () => {
    const { stages } = readDockerfile('# escape=`\r\nFROM a\r\nRUN dir C:\\ `\r\n  && echo b\r\nUSER u\r\n');
    expect(stages[0]?.instructions.map(({ rest }) => rest)).toEqual(['dir C:\\ && echo b', 'u']);
  });

  it('that is none has no stages', () => {
    expect(readDockerfile('\u0000{"a": 1}\n\n').stages).toEqual([]);
  });
});
