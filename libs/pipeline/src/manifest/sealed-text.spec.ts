import { randomBytes } from 'node:crypto';
import { SealingKey, sealedText } from './sealed-text';

describe('a sealed text', () => {
  const key = new SealingKey(randomBytes(32));
  const sealed = key.seal('password: hunter2', 'runs/1');

  it('is opened by the same key, in another process too', () => {
    expect(key.open(sealedText.parse(JSON.parse(JSON.stringify(sealed))), 'runs/1')).toBe('password: hunter2');
  });

  it('shows nothing of what is in it, and never looks the same twice', () => {
    const { content } = key.seal('password: hunter2', 'runs/1');
    expect(content).not.toBe(sealed.content);
    expect(Buffer.from(content, 'base64').toString('latin1')).not.toContain('hunter2');
  });

  it('is opened by no other key', () => {
    const other = new SealingKey(randomBytes(32));
    expect(() => other.open(sealed, 'runs/1')).toThrow(`it was sealed with the key ${key.id}, ours is ${other.id}`);
    expect(() => other.open({ ...sealed, keyId: other.id }, 'runs/1')).toThrow('it was changed');
  });

  it('is not opened elsewhere, or when it was changed', () => {
    expect(() => key.open(sealed, 'runs/2')).toThrow(
      'it was changed since it was sealed, or belongs to something else',
    );
    const content = Buffer.from(sealed.content, 'base64');
    content[0] = (content[0] ?? 0) ^ 1;
    expect(() => key.open({ ...sealed, content: content.toString('base64') }, 'runs/1')).toThrow('it was changed');
    expect(() => key.open({ ...sealed, tag: sealed.tag.slice(0, 8) }, 'runs/1')).toThrow('it was changed');
  });

  it('needs a key of the right length', () => {
    expect(() => new SealingKey(randomBytes(16))).toThrow('a sealing key has 32 bytes, this one 16');
  });
});
