import { readsOf } from './instruction-reads';

describe('what an instruction reads', () => {
  it.each([
    ['COPY', '--chown=1 --link src lib/*.c ./', [], ['src', 'lib/*.c']],
    ['COPY', '["a b", "c", "/to"]', [], ['a b', 'c']],
    ['COPY', '--chmod=755 --from=build /o /o', ['build'], []],
    ['ADD', 'a.tgz /', [], ['a.tgz']],
    ['RUN', 'make --from=build', [], []],
    ['RUN', 'echo --mount=type=bind,source=x', [], []],
    ['RUN', '--mount=type=bind,source=package.json,target=package.json npm ci', [], ['package.json']],
    ['RUN', '--mount=source=a,target=/a --mount=src=b,target=/b --network=none make', [], ['a', 'b']],
    ['RUN', '--mount=type=bind,target=/src make', [], ['.']],
    ['RUN', '--mount=type=bind,from=deps,source=/d,target=/d make', ['deps'], []],
    ['RUN', '--mount=type=cache,target=/c --mount=type=cache,from=deps,target=/d make', ['deps'], []],
    ['RUN', '--mount=type=secret,id=npm --mount=type=tmpfs,target=/t make', [], []],
    ['RUN', '--mount=type=bind,target=/src <<EOF\nmake\nEOF', [], ['.']],
    ['WORKDIR', '/src', [], []],
  ])('%s %s: stages %j, paths %j', (keyword, rest, from, paths) => {
    expect(readsOf({ line: 1, keyword, rest })).toEqual({ from, paths });
  });
});
