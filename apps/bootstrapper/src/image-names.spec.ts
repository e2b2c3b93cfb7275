import { ImageNames } from './image-names';

describe('image names', () => {
  const [one, other] = [
    { source: '/a/widget', isChosen: false },
    { source: '/b/widget', isChosen: false },
  ];

  it('are a source of their own, however often it is built', () => {
    const names = new ImageNames();
    expect(names.clash('widget', one)).toBeUndefined();
    expect(names.clash('widget', one)).toBeUndefined();
    expect(names.clash('gadget', other)).toBeUndefined();
  });

  it('that two sources fell upon are told once, with what to do', () => {
    const names = new ImageNames();
    names.clash('widget', one);
    expect(names.clash('widget', other)).toMatch(/widget.*\/a\/widget.*image\.name/);
    expect(names.clash('widget', other)).toBeUndefined();
    expect(names.clash('widget', one)).toBeUndefined();
  });

  it('that both were given are meant to be shared', () => {
    const names = new ImageNames();
    names.clash('widget', { ...one, isChosen: true });
    expect(names.clash('widget', { ...other, isChosen: true })).toBeUndefined();
    expect(names.clash('widget', { source: '/c/widget', isChosen: false })).toBeDefined();
  });
});
