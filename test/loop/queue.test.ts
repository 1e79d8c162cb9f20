import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createQueue } from '../../src/loop/queue.ts';

interface Job {
  readonly kind: string;
  readonly turns: number;
}

const pass = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Runs jobs that take so many turns of the event loop; what ran at each start, itself included. */
async function watch(jobs: readonly Job[], most: number, ofKind: Readonly<Record<string, number>>) {
  const queue = createQueue(
    () => most,
    (kind) => ofKind[kind] ?? Infinity,
  );
  const running: string[] = [];
  const starts: { job: number; kind: string; running: readonly string[] }[] = [];
  for (const [job, { kind, turns }] of jobs.entries()) {
    queue.add(kind, async () => {
      running.push(kind);
      starts.push({ job, kind, running: [...running] });
      for (let turn = 0; turn < turns; turn++) await pass();
      running.splice(running.indexOf(kind), 1);
    });
  }
  await queue.idle();
  return { starts, size: queue.size };
}

const job = fc.record({ kind: fc.constantFrom('a', 'b', 'c'), turns: fc.nat(5) });

describe('the queue', () => {
  it('runs every job once, never more at once than allowed, over all and of a kind', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(job, { maxLength: 30 }),
        fc.integer({ min: 1, max: 5 }),
        fc.record({ a: fc.integer({ min: 1, max: 3 }), b: fc.integer({ min: 1, max: 3 }) }),
        async (jobs, most, ofKind) => {
          const { starts, size } = await watch(jobs, most, ofKind);
          expect(starts.map((start) => start.job).sort((x, y) => x - y)).toEqual(jobs.map((_job, at) => at));
          expect(size).toBe(0);
          for (const { running } of starts) {
            expect(running.length).toBeLessThanOrEqual(most);
            for (const kind of ['a', 'b'] as const) {
              expect(running.filter((one) => one === kind).length).toBeLessThanOrEqual(ofKind[kind]);
            }
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('keeps the order of a kind, and lets others past those that wait for theirs', async () => {
    const jobs = ['a', 'a', 'a', 'b'].map((kind) => ({ kind, turns: 3 }));
    const { starts } = await watch(jobs, 2, { a: 1 });
    expect(starts.map((start) => start.job)).toEqual([0, 3, 1, 2]);
  });
});
