import { expect, it } from 'vitest';
import { ESCALATED, type Escalated } from '../../src/execution/escalated.ts';
import { createMetrics } from '../../src/report/metrics.ts';

const no = () => Promise.reject(new Error('no'));

/** The page of a service with one playbook, and how many of its targets are escalated for each reason. */
async function shown(escalated: () => Promise<readonly Escalated[]>) {
  const text = await createMetrics({
    version: '1',
    predictions: no,
    sources: () => [],
    summary: no,
    budgets: no,
    awaiting: no,
    escalated,
    state: no,
    playbooks: () => ['disk-cleanup'],
    mapping: () => ({ mappings: [] }),
    scores: no,
  }).textfile();
  const counts = ESCALATED.map((reason) => {
    const series = `proactive_remediation_escalated{playbook="disk-cleanup",reason="${reason}"} `;
    return text
      .split('\n')
      .find((line) => line.startsWith(series))
      ?.slice(series.length);
  });
  return { text, counts };
}

const masked = { playbook: 'disk-cleanup', reason: 'masked' } as const;

it('counts the targets that are escalated by playbook and reason, from zero on', async () => {
  expect((await shown(async () => [])).counts).toEqual(['0', '0', '0', '0']);
  const now = [masked, masked, { ...masked, reason: 'too_urgent' }] as const;
  expect((await shown(async () => now)).counts).toEqual(['1', '0', '2', '0']);
});

it('leaves out playbooks that are not configured any more', async () => {
  const { text, counts } = await shown(async () => [{ ...masked, playbook: 'gone' }]);
  expect(counts).toEqual(['0', '0', '0', '0']);
  expect(text).not.toContain('gone');
});

it('shows none where that cannot be had', async () => {
  expect((await shown(no)).counts).toEqual([undefined, undefined, undefined, undefined]);
});
