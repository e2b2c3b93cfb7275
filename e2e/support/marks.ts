import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { newDirectory } from './keelson';
import type { Shown } from './evidence';
import { TestRepository } from './repository';

/** How many lines the marked test prints. */
const markedLines = 20;

/** A repository whose test leaves a mark when it begins and when it ends, so that records can be held against what really ran. */
export class MarkedRepository extends TestRepository {
  readonly marks = path.join(newDirectory('marks'), 'marks');

  constructor({ pauseSeconds = 0.01 } = {}) {
    super();
    this.pipeline(`echo "begin $KEELSON_COMMIT $KEELSON_ATTEMPT" >> ${this.marks}
i=0; while [ $i -lt ${markedLines} ]; do i=$((i+1)); echo "line $i"; sleep ${pauseSeconds}; done
echo "end $KEELSON_COMMIT $KEELSON_ATTEMPT" >> ${this.marks}`);
  }

  /**
   * Each attempt ran at most once, and to its end exactly when its record says so; else its record says that it was cut short.
   * Nothing ran that no record tells of.
   */
  expectRanAsRecorded({ commit, attempts }: Pick<Shown, 'commit' | 'attempts'>): void {
    const ran = readFileSync(this.marks, 'utf8').trim().split('\n');
    const ofCommit = ran.filter((mark) => mark.split(' ')[1] === commit);
    const expected: string[] = [];
    for (const { attempt, outcome, reason, log } of attempts) {
      const [begin, end] = [`begin ${commit} ${attempt}`, `end ${commit} ${attempt}`];
      if (outcome === 'success') {
        expected.push(begin, end);
        expect(log).toMatchObject({ lines: markedLines, complete: true, sha256: markedSha256 });
        continue;
      }
      expect(outcome).toBe('error');
      expect(['lost', 'killed']).toContain(reason?.code);
      expected.push(...[begin, end].filter((mark) => ofCommit.includes(mark)));
    }
    expect(ofCommit).toEqual(expected);
  }
}

const markedOutput = Array.from({ length: markedLines }, (_, index) => `line ${index + 1}\n`).join('');
const markedSha256 = createHash('sha256').update(markedOutput).digest('hex');
