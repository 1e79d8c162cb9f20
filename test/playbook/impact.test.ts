import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PhaseOutcome, PlaybookResult } from '../../src/execution/execution.ts';
import { type ImpactLimits, judgeImpact } from '../../src/playbook/impact.ts';

const outcome = (result: Partial<PlaybookResult> | null, error: string | null = null): PhaseOutcome => ({
  exit_code: error === null ? 0 : 1,
  duration_seconds: 1,
  used_bytes: null,
  error,
  result:
    result === null
      ? null
      : { summary: null, changes: null, freed_bytes: null, downtime_seconds: null, affects: [], ...result },
});

const limits = (critical_services: readonly string[] = [], max_downtime: number | null = null): ImpactLimits => ({
  critical_services,
  max_downtime,
});

describe('judgeImpact', () => {
  it('goes on with a dry run that says nothing, or that it would change something', () => {
    expect(judgeImpact(outcome(null), limits(['a.service']))).toEqual({ kind: 'go' });
    expect(judgeImpact(outcome({}), limits(['a.service']))).toEqual({ kind: 'go' });
    expect(judgeImpact(outcome({ changes: 1, affects: ['b.service'] }), limits(['a.service']))).toEqual({ kind: 'go' });
  });

  it('ends as nothing_to_do with the summary', () => {
    expect(judgeImpact(outcome({ changes: 0, summary: 'all clean' }), limits())).toEqual({
      kind: 'nothing_to_do',
      message: 'the dry run found nothing to change: all clean',
    });
  });

  it.each([
    ['traefik.service', 'traefik.service'],
    ['traefik', 'traefik.service'],
    ['traefik.service', 'traefik'],
    [' Traefik ', 'traefik'],
  ])('is rejected when it affects %j and %j is critical', (affected, critical) => {
    expect(judgeImpact(outcome({ changes: 5, affects: ['x', affected] }), limits([critical]))).toMatchObject({
      kind: 'rejected',
    });
    expect(judgeImpact(outcome({ changes: 0, affects: [affected] }), limits([critical]))).toMatchObject({
      kind: 'rejected',
    });
  });

  it('tells other units of the same name apart', () => {
    expect(judgeImpact(outcome({ affects: ['traefik.socket'] }), limits(['traefik']))).toEqual({ kind: 'go' });
  });

  it('never goes on after a failed dry run, whatever it reports', () => {
    fc.assert(
      fc.property(fc.option(fc.nat()), fc.array(fc.string()), (changes, affects) => {
        expect(judgeImpact(outcome({ changes, affects }, 'exit code 1'), limits())).toEqual({
          kind: 'failed',
          message: 'the dry run failed: exit code 1',
        });
      }),
    );
  });

  it.each([
    [31, 'it would be down for 31 s, max_downtime is 30 s'],
    [30.001, 'it would be down for 30.001 s, max_downtime is 30 s'],
    [null, 'the dry run does not say its downtime_seconds, and max_downtime is 30 s'],
  ])('is rejected when it says %j seconds of downtime and 30 are allowed', (downtime_seconds, message) => {
    const judged = judgeImpact(outcome({ changes: 1, downtime_seconds }), limits([], 30_000));
    expect(judged).toEqual({ kind: 'rejected', message });
  });

  it('is rejected without any result where the downtime is limited', () => {
    expect(judgeImpact(outcome(null), limits([], 0))).toMatchObject({ kind: 'rejected' });
    expect(judgeImpact(outcome(null), limits())).toEqual({ kind: 'go' });
  });

  it('goes on up to the limit, and without one whatever the downtime', () => {
    for (const downtime_seconds of [0, 29.9, 30])
      expect(judgeImpact(outcome({ changes: 1, downtime_seconds }), limits([], 30_000))).toEqual({ kind: 'go' });
    expect(judgeImpact(outcome({ downtime_seconds: 0 }), limits([], 0))).toEqual({ kind: 'go' });
    expect(judgeImpact(outcome({ downtime_seconds: 1e9 }), limits())).toEqual({ kind: 'go' });
  });

  it('is too long even if nothing would change, and nothing to do where nothing would change and nothing is said', () => {
    expect(judgeImpact(outcome({ changes: 0, downtime_seconds: 60 }), limits([], 30_000))).toMatchObject({
      kind: 'rejected',
    });
    expect(judgeImpact(outcome({ changes: 0 }), limits([], 30_000))).toMatchObject({ kind: 'nothing_to_do' });
  });
});
