import { TemplateRenderer } from './template-renderer';
import type { TemplateRequest } from './template-renderer';

const renderer = new TemplateRenderer();
afterAll(() => renderer.close());

async function render(template: string, request: Partial<TemplateRequest> = {}): Promise<string> {
  return (await renderer.render({ template, data: {}, ...request })).toString();
}

/** What a render is refused for. */
async function refusal(template: string, by = renderer): Promise<Record<string, unknown>> {
  return by.render({ template, data: {} }).then(
    () => ({}),
    (error: unknown) => ({ ...(error as object), message: (error as Error).message }),
  );
}

describe('what a template sees', () => {
  it('sees the environment that was handed over, and no other', async () => {
    const text = '{{ env "PATH" }}|{{ env "LEVEL" }}|{{ expandenv "${LEVEL}-$HOME-$LEVEL" }}';
    expect(await render(text, { env: { LEVEL: 'debug' } })).toBe('|debug|debug--debug');
  });

  it('forgets what the template before it was given', async () => {
    await render('{{ define "left" }}x{{ end }}{{ $_ := set . "kept" 1 }}', {
      env: { LEVEL: 'debug' },
      data: { a: 1 },
    });
    expect(await render('{{ env "LEVEL" }}{{ .kept }}{{ .a }}')).toBe('<no value><no value>');
    expect(await refusal('{{ template "left" }}')).toMatchObject({ code: 'template-execution' });
  });

  it('cannot look up hosts', async () => {
    expect(await refusal('{{ getHostByName "localhost" }}')).toMatchObject({
      code: 'template-execution',
      message: expect.stringContaining('a template has no network'),
    });
  });

  it("takes whole numbers as Go's int, so that they compare with a template's own", async () => {
    expect(
      await render('{{ if eq .n 3 }}{{ .n }} {{ .big }} {{ .half }}{{ end }}', {
        data: { n: 3, big: 12345678, half: 0.5 },
      }),
    ).toBe('3 12345678 0.5');
  });

  it('takes bytes as they are: line ends, a byte-order mark, what is no UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('\ufeffa\r\n{{ "b" }}\r\n'), Buffer.from([0xff, 0])]);
    const output = await renderer.render({ template: bytes, data: {} });
    expect(output.toString('hex')).toBe(
      bytes
        .toString('latin1')
        .replace('{{ "b" }}', 'b')
        .split('')
        .map((c) => c.charCodeAt(0).toString(16).padStart(2, '0'))
        .join(''),
    );
  });

  it('knows time zones, and the time it is told', async () => {
    const now = new Date('2026-03-01T23:30:00Z');
    expect(await render('{{ now | date "2006-01-02 15:04" }}', { now, timeZone: 'Europe/Berlin' })).toBe(
      '2026-03-02 00:30',
    );
    expect(await render('{{ now | date "2006-01-02 15:04" }}', { now })).toBe('2026-03-01 23:30');
    await expect(render('x', { timeZone: 'Nowhere/None' })).rejects.toMatchObject({ code: 'template-request' });
  });

  it('is the same every time with a seed, and never without', async () => {
    const text =
      '{{ uuidv4 }} {{ randAlphaNum 12 }} {{ randInt 0 1000000 }} {{ shuffle "abcdefghijkl" }} {{ genPrivateKey "ecdsa" }}';
    const now = new Date(0);
    const seeded = await render(text, { seed: 'one', now });
    expect(await render(text, { seed: 'one', now })).toBe(seeded);
    expect(await render(text, { seed: 'two', now })).not.toBe(seeded);
    expect(await render(text, { now })).not.toBe(await render(text, { now }));
  });
});

describe('a template that is wrong', () => {
  it('is told with file, line and column', async () => {
    const wrong = { template: 'a\nb {{ .x.y | upper }}', name: 'job.yaml', data: { x: 1 } };
    await expect(renderer.render(wrong)).rejects.toMatchObject({
      code: 'template-execution',
      place: { file: 'job.yaml', line: 2, column: 7 },
      output: Buffer.from('a\nb '),
    });
    await expect(renderer.render({ ...wrong, template: 'a\n{{ if }}' })).rejects.toMatchObject({
      code: 'template-syntax',
      place: { file: 'job.yaml', line: 2 },
    });
  });

  it('keeps every message it raised, and its output', async () => {
    await expect(
      renderer.render({ template: 'a{{ RaiseError "one" }}b{{ RaiseError "two" }}', data: {} }),
    ).rejects.toMatchObject({
      code: 'template-raised',
      message: 'one',
      raised: ['one', 'two'],
      output: Buffer.from('ab'),
    });
  });
});

describe('the limits', () => {
  const endless = '{{ range $i := until 100000 }}{{ range $j := until 100000 }}{{ $x := add $i $j }}{{ end }}{{ end }}';
  const small = new TemplateRenderer({ memoryBytes: 67_108_864, outputBytes: 1_048_576 });
  afterAll(() => small.close());

  it('end a template that does not end', async () => {
    const hasty = new TemplateRenderer({ timeMs: 300 });
    expect(await refusal(endless, hasty)).toMatchObject({
      code: 'template-limit',
      limit: 'time',
      message: 'the template did not end within 0.3 s',
    });
    await hasty.close();
  });

  it('end a template that wants too much memory', async () => {
    expect(await refusal('{{ repeat 200000000 "x" }}', small)).toMatchObject({
      limit: 'memory',
      message: 'the template needs more than 64 MiB',
    });
  });

  it('end a template that writes too much, and keep what it wrote', async () => {
    const refused = await refusal('{{ range until 20000 }}{{ repeat 100 "x" }}{{ end }}', small);
    expect(refused).toMatchObject({ limit: 'output', message: 'the output is larger than 1 MiB' });
    expect((refused['output'] as Buffer).length).toBeGreaterThan(900_000);
  });

  it('end a template that includes itself', async () => {
    expect(await refusal('{{ define "r" }}{{ template "r" . }}{{ end }}{{ template "r" . }}', small)).toMatchObject({
      code: 'template-execution',
      message: expect.stringContaining('exceeded maximum template depth'),
    });
  });

  it('end a template that prints what holds itself', async () => {
    for (const print of ['toYaml $d', 'print $d']) {
      const text = `{{ $d := dict }}{{ $_ := set $d "a" $d }}{{ ${print} }}`;
      expect([print, await refusal(text, small)]).toMatchObject([print, { code: 'template-limit' }]);
    }
  });

  it('let the next template render', async () => {
    const output = await small.render({ template: `${'# a comment\n'.repeat(40_000)}{{ "ok" }}`, data: {} });
    expect(output.toString().slice(-3)).toBe('\nok');
  });

  it('can be a signal', async () => {
    const ended = new AbortController();
    const rendered = small.render({ template: endless, data: {} }, ended.signal);
    ended.abort(new Error('enough'));
    await expect(rendered).rejects.toThrow('enough');
  });

  it('can be the end of the renderer: what runs fails, and a later render starts anew', async () => {
    const rendered = refusal(endless, small);
    await new Promise((resolve) => setImmediate(resolve));
    await small.close();
    expect(await rendered).toMatchObject({ code: 'template-sandbox' });
    expect((await small.render({ template: 'x', data: {} })).toString()).toBe('x');
  });
});
