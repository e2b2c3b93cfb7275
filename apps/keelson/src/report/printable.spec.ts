import { printable, printableLines, printableText } from './printable';

describe('text for a terminal', () => {
  const shown = (text: string | Buffer, isColoured = false) => printable(Buffer.from(text), isColoured);

  it.each([
    ['plain text', 'ok 1 - widgets turn\tfast', 'ok 1 - widgets turn\tfast'],
    ['the carriage return before a line end', 'ok\r', 'ok'],
    ['colours, where there are none', '\u001b[31mred\u001b[0m', 'red'],
    ['a cursor that moves', 'a\u001b[2Jb', 'a·[2Jb'],
    ['a window title', '\u001b]0;mine\u0007', '·]0;mine·'],
    ['eight-bit control characters', 'a\u009b2Jb', 'a·2Jb'],
    ['text that would run backwards', 'a\u202eb\u2066c', 'a·b·c'],
    ['NUL', 'a\0b', 'a·b'],
  ])('shows %s', (_what, given, expected) => {
    expect(shown(given)).toBe(expected);
  });

  it('keeps colours, and ends them with the line', () => {
    expect(shown('\u001b[31mred\u001b[2J', true)).toBe('\u001b[31mred·[2J\u001b[0m');
  });

  it('shows bytes that are no text', () => {
    expect(shown(Buffer.from([0x61, 0xff, 0x62]))).toBe('a\ufffdb');
  });

  it('keeps what comes from outside on one line', () => {
    expect(printableText('main\nGREEN')).toBe('main·GREEN');
    expect(printableLines('one\ntwo\r')).toEqual(['one', 'two·']);
  });
});
