import { parseAuthChallenge } from './auth-challenge';

describe('a challenge', () => {
  it('of the bearer scheme names its realm and service', () => {
    const header =
      'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push"';
    expect(parseAuthChallenge(header)).toEqual({
      scheme: 'bearer',
      realm: 'https://auth.example/token',
      service: 'registry.example',
    });
  });

  it('is read whatever the case, the blanks and the quotes', () => {
    expect(parseAuthChallenge('bearer Realm = "https://a/?x=\\"1\\"" , error=invalid_token')).toEqual({
      scheme: 'bearer',
      realm: 'https://a/?x="1"',
    });
  });

  it.each(['Basic realm="x", Bearer realm="https://a/t"', 'Bearer realm="https://a/t", Basic realm="x"'])(
    'of several is the bearer one: %s',
    (header) => {
      expect(parseAuthChallenge(header)).toEqual({ scheme: 'bearer', realm: 'https://a/t' });
    },
  );

  it('may come in several headers', () => {
    expect(parseAuthChallenge(['Negotiate', 'Basic realm="x"'])).toEqual({ scheme: 'basic' });
  });

  it.each([undefined, '', 'Negotiate', 'Bearer service="x"', '"', 'realm="https://a"'])(
    'is missing in %j',
    (header) => {
      expect(parseAuthChallenge(header)).toBeUndefined();
    },
  );
});
