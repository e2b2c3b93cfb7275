import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Keelson, expectEnd, keelson, keelsonJson, newData, until } from './support/keelson';
import { TestRepository } from './support/repository';

type Shown = {
  run: string;
  outcome: string;
  reason: { code: string; message: string } | null;
  commit: string;
  stages: { stage: string; outcome: string; tookMs: number }[];
  image: { reference: string; digest: string; tags: string[] };
  snapshot: { digest: string };
  log: { lines: number; complete: boolean; sha256: string; bytes: number };
  attempts: { attempt: number; outcome: string }[];
};

jest.setTimeout(600_000);

describe('the main job', () => {
  it('makes a tested image of the present head and says so', async () => {
    const repository = new TestRepository();
    repository.pipeline('echo hello from the test; echo and from stderr >&2');
    const commit = repository.commit('Add the widget');
    const data = newData();
    const ended = await keelson(['up', repository.path, '--once', '--data', data, '--port', '0']);
    expectEnd(ended, { status: 0 });
    expect(ended.stdout).toMatch(/hello from the test/);
    expect(ended.stdout).toMatch(/and from stderr/);
    expect(ended.stdout).toMatch(/GREEN/);
    const [shown] = await keelsonJson<Shown>(['show', 'last', '--data', data]);
    expect(shown).toMatchObject({ outcome: 'success', commit, log: { lines: 2, complete: true } });
    expect(shown?.stages.map(({ stage }) => stage)).toEqual(['source', 'build', 'publish', 'test']);
    expect(shown?.image.reference).toMatch(/widget@sha256:[0-9a-f]{64}$/);
  });

  it('ends with 1 when the test is red, and says how it ended', async () => {
    const repository = new TestRepository();
    repository.pipeline('echo broken; exit 3');
    repository.commit();
    const ended = await keelson(['up', repository.path, '--once', '--data', newData(), '--port', '0']);
    expectEnd(ended, { status: 1 });
    expect(ended.stdout).toMatch(/RED.*exit code 3/);
  });

  it('accounts for a commit without a pipeline file as skipped, and says what to do', async () => {
    const repository = new TestRepository();
    repository.write('README', 'x');
    repository.commit();
    const data = newData();
    const ended = await keelson(['up', repository.path, '--once', '--data', data, '--port', '0']);
    expectEnd(ended, { status: 2 });
    expect(ended.stdout).toMatch(/SKIPPED.*keelson init/);
    const [account] = await keelsonJson<{ balanced: boolean; fates: { skipped: number } }>(['account', '--data', data]);
    expect(account).toMatchObject({ balanced: true, seen: 1, fates: { skipped: 1 } });
  });

  it('sees the next commit, and gives the same tree the same image', async () => {
    const repository = new TestRepository();
    repository.pipeline('cat version');
    repository.write('version', 'one\n');
    repository.commit();
    const data = newData();
    const up = new Keelson(['up', repository.path, '--data', data, '--port', '0']);
    await up.prints(/GREEN/);
    repository.write('version', 'two\n');
    repository.commit();
    await up.prints(/│ two/);
    await up.prints(/GREEN[^]*GREEN/);
    repository.write('version', 'one\n');
    repository.commit();
    await up.prints(/GREEN[^]*GREEN[^]*GREEN/);
    expectEnd(await up.stop(), { status: 0 });
    const runs = await keelsonJson<Shown>(['runs', '--data', data]);
    expect(runs.map(({ outcome }) => outcome)).toEqual(['success', 'success', 'success']);
    expect(runs[0]?.snapshot.digest).not.toBe(runs[1]?.snapshot.digest);
  });

  it('makes the files of the next private copy in advance, as the commit has them and not as a test left them', async () => {
    const repository = new TestRepository();
    repository.pipeline('cat same; echo spoilt > same');
    repository.write('same', 'the same\n');
    repository.commit();
    const data = newData();
    const up = new Keelson(['up', repository.path, '--data', data, '--port', '0']);
    await up.prints(/GREEN/);
    const spare = () => readdirSync(path.join(data, 'spare'), { recursive: true });
    await until(() => spare().length > 2, { what: () => `spare files, beside ${spare().join(', ')}` });
    repository.write('other', 'another\n');
    repository.commit();
    await up.prints(/│ the same[^]*GREEN[^]*│ the same[^]*GREEN/);
    expectEnd(await up.stop(), { status: 0 });
  });

  it('keeps artifacts and fetches them', async () => {
    const repository = new TestRepository();
    repository.pipeline('mkdir dist; printf built > dist/out.txt; echo no > other', '  artifacts: ["dist/*"]\n');
    repository.commit();
    const data = newData();
    expectEnd(await keelson(['up', repository.path, '--once', '--data', data, '--port', '0']), { status: 0 });
    const to = newData();
    await keelson(['artifacts', 'last', '--to', to, '--data', data]);
    expect(readFileSync(path.join(to, 'dist/out.txt'), 'utf8')).toBe('built');
    expect(existsSync(path.join(to, 'other'))).toBe(false);
  });

  it('tests a working copy as it stands, without touching it', async () => {
    const repository = new TestRepository();
    repository.pipeline('cat committed untracked');
    repository.write('committed', 'old\n');
    repository.commit();
    repository.write('committed', 'new\n');
    repository.write('untracked', 'also here\n');
    const before = repository.git('status', '--porcelain');
    const ended = await keelson(['run', repository.path, '--dirty', '--data', newData(), '--port', '0']);
    expect(ended.stdout).toMatch(/│ new\n.*│ also here/);
    expectEnd(ended, { status: 0 });
    expect(repository.git('status', '--porcelain')).toBe(before);
  });

  it('opens another attempt on request, and keeps what the first one left', async () => {
    const repository = new TestRepository();
    repository.pipeline('echo attempt $KEELSON_ATTEMPT; test $KEELSON_ATTEMPT = 2');
    repository.commit();
    const data = newData();
    expectEnd(await keelson(['up', repository.path, '--once', '--data', data, '--port', '0']), { status: 1 });
    expectEnd(await keelson(['retry', 'last', '--data', data]), { status: 0 });
    const up = new Keelson(['up', repository.path, '--data', data, '--port', '0']);
    await up.prints(/GREEN/);
    await up.stop();
    const [shown] = await keelsonJson<Shown>(['show', 'last', '--data', data]);
    expect(shown?.attempts.map(({ outcome }) => outcome)).toEqual(['failure', 'success']);
    const first = await keelson(['logs', 'last', '--attempt', '1', '--data', data]);
    expect(first.stdout).toBe('attempt 1\n');
  });

  it('cancels a run on request, with everything it started', async () => {
    const repository = new TestRepository();
    repository.pipeline('echo started; sleep 600');
    repository.commit();
    const data = newData();
    const up = new Keelson(['up', repository.path, '--data', data, '--port', '0']);
    await up.prints('│ started');
    await keelson(['cancel', 'last', '--data', data]);
    await up.prints(/CANCELLED/);
    const isSealed = async () => (await keelsonJson<Shown>(['show', 'last', '--data', data]))[0]?.log !== null;
    await until(isSealed, { what: () => 'the sealed log of the cancelled test' });
    await up.stop();
    const [shown] = await keelsonJson<Shown>(['show', 'last', '--data', data]);
    expect(shown).toMatchObject({ outcome: 'cancel', log: { lines: 1, complete: true } });
  });

  it('prints each event as published with --json, and the output as events of its own', async () => {
    const repository = new TestRepository();
    repository.pipeline('echo hello');
    repository.commit();
    const ended = await keelson(['up', repository.path, '--once', '--json', '--data', newData(), '--port', '0']);
    const events = ended.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; data: { subject: { content: { text?: string } } } });
    const types = events.map(({ type }) => type.replace(/\.\d+\.\d+\.\d+$/, ''));
    expect(types.slice(0, 2)).toEqual(['dev.cdevents.change.merged', 'dev.cdevents.pipelinerun.started']);
    expect(types.at(-1)).toBe('dev.cdevents.pipelinerun.finished');
    expect(
      events.find(({ type }) => type.startsWith('dev.cdeventsx.keelson-log.line'))?.data.subject.content.text,
    ).toBe('hello');
  });
});
