import { dockerfileBases, dockerfileImages, stagesBuiltUpon, withBases } from './dockerfile-bases';

const text = `# syntax=docker/dockerfile:1
ARG BASE=debian:12
ARG TAG
FROM golang:1.24 AS build
RUN echo golang:1.24
FROM --platform=linux/amd64 \${BASE} AS middle
FROM Build
FROM \\
  registry.example:5000/team/base:\${TAG:-7}
FROM scratch
COPY --from=build /x /x
`;

describe('the bases of a Dockerfile', () => {
  it('are what its stages begin with, build arguments filled in, without its own stages', () => {
    expect(dockerfileBases(text, {})).toEqual(['golang:1.24', 'debian:12', 'registry.example:5000/team/base:7']);
    expect(dockerfileBases(text, { BASE: 'alpine:3', TAG: '8', OTHER: 'x' })).toEqual([
      ...['golang:1.24', 'alpine:3', 'registry.example:5000/team/base:8'],
    ]);
    expect(dockerfileBases('no dockerfile', {})).toEqual([]);
  });

  it('are named beside the images that files are copied from', () => {
    const copies =
      'COPY --link --from=tools.example/jq:1 /jq /\nCOPY --from=0 /a /\nCOPY --from=BUILD a /\nCOPY x --from=y\n';
    expect(dockerfileImages(text + copies, {})).toEqual([...dockerfileBases(text, {}), 'tools.example/jq:1']);
  });

  it('are its own stages where one is built upon another, as far as the target needs them', () => {
    expect(stagesBuiltUpon(text, { args: {} })).toEqual(['Build']);
    expect(stagesBuiltUpon(text, { args: { BASE: 'build' }, target: 'middle' })).toEqual(['build']);
    expect(stagesBuiltUpon(text, { args: {}, target: 'middle' })).toEqual([]);
  });

  it('are exchanged in their places, and nothing else is', () => {
    const names = new Map([
      ['golang:1.24', 'r/golang:x'],
      ['debian:12', 'r/debian:y'],
      ['registry.example:5000/team/base:7', 'r/base:z'],
    ]);
    expect(withBases(text, {}, names)).toBe(
      text
        .replace('FROM golang:1.24', 'FROM r/golang:x')
        .replace('amd64 ${BASE}', 'amd64 r/debian:y')
        .replace('registry.example:5000/team/base:${TAG:-7}', 'r/base:z'),
    );
    expect(withBases(text, {}, new Map())).toBe(text);
    expect(withBases('FROM a:1\r\nFROM b\r\n', {}, new Map([['a:1', 'c']]))).toBe('FROM c\r\nFROM b\r\n');
  });
});
