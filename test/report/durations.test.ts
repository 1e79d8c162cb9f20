import { expect, it } from 'vitest';
import { createMetrics } from '../../src/report/metrics.ts';

/** A service of which nothing can be read. */
function metricsOf(playbooks: () => readonly string[]) {
  const no = () => Promise.reject(new Error('no'));
  return createMetrics({
    version: '1',
    predictions: no,
    sources: () => [],
    summary: no,
    budgets: no,
    awaiting: no,
    escalated: no,
    scores: no,
    state: no,
    playbooks,
    mapping: () => ({ mappings: [] }),
  });
}

const counts = async (metrics: ReturnType<typeof metricsOf>) =>
  [...(await metrics.textfile()).matchAll(/_duration_seconds_count\{playbook="(\w+)",phase="(\w+)"\} (\d+)/g)]
    .map(([, playbook, phase, count]) => `${playbook} ${phase} ${count}`)
    .sort();

it('durations begin at zero for every configured playbook, so that the first run is an increase', async () => {
  expect(await counts(metricsOf(() => ['a', 'b']))).toEqual(['a dry_run 0', 'a run 0', 'b dry_run 0', 'b run 0']);
});

it('what was observed stays, whenever a playbook is configured', async () => {
  let playbooks = ['a'];
  const metrics = metricsOf(() => playbooks);
  metrics.phaseEnded({ playbook: 'a', phase: 'run', seconds: 1 });
  metrics.phaseEnded({ playbook: 'later', phase: 'run', seconds: 1 });
  expect(await counts(metrics)).toEqual(['a dry_run 0', 'a run 1', 'later run 1']);
  playbooks = ['a', 'later', 'new'];
  await counts(metrics);
  expect(await counts(metrics)).toEqual(['a dry_run 0', 'a run 1', 'later run 1', 'new dry_run 0', 'new run 0']);
});
