import { describe, expect, it } from 'vitest';
import { FINAL_STATES } from '../../src/execution/execution.ts';
import { reportsFor } from '../../src/report/policy.ts';
import { permittingPrediction } from '../support/decision.ts';

const execution = { prediction: permittingPrediction() };

/** Remembers keys as the store does. */
function memory(): (key: string) => Promise<boolean> {
  const seen = new Set<string>();
  return async (key) => !seen.has(key) && Boolean(seen.add(key));
}

describe('reportsFor', () => {
  it.each(['succeeded', 'failed', 'interrupted', 'dry_run_only'] as const)(
    'tells both channels of every %s',
    async (state) => {
      const firstToday = memory();
      for (let time = 0; time < 3; time++) {
        expect(await reportsFor(execution, state, firstToday)).toEqual(['discord', 'context_log']);
      }
    },
  );

  it.each(['rejected', 'dry_run_failed', 'expired'] as const)(
    'tells Discord once a day per target of %s',
    async (state) => {
      const firstToday = memory();
      expect(await reportsFor(execution, state, firstToday)).toEqual(['discord']);
      expect(await reportsFor(execution, state, firstToday)).toEqual([]);
      const elsewhere = { prediction: permittingPrediction({ host: 'other' }) };
      expect(await reportsFor(elsewhere, state, firstToday)).toEqual(['discord']);
    },
  );

  it.each(['awaiting_approval', 'denied'] as const)('tells Discord of every %s', async (state) => {
    const firstToday = memory();
    for (let time = 0; time < 3; time++) expect(await reportsFor(execution, state, firstToday)).toEqual(['discord']);
  });

  it('tells nobody of nothing_to_do', async () => {
    expect(await reportsFor(execution, 'nothing_to_do', memory())).toEqual([]);
  });

  it('tells rather twice than never when the memory fails', async () => {
    expect(await reportsFor(execution, 'rejected', () => Promise.reject(new Error('away')))).toEqual(['discord']);
  });

  it('asks the memory only where it matters', async () => {
    const asked: string[] = [];
    for (const state of FINAL_STATES) {
      await reportsFor(execution, state, async (key) => Boolean(asked.push(key)));
    }
    expect(asked).toHaveLength(3);
    expect(new Set(asked).size).toBe(3);
  });
});
