import { expect, it } from 'vitest';
import { createMetrics } from '../../src/report/metrics.ts';

it('whether the ledger fits its hash chain is what the last look said, and nothing before the first', async () => {
  const no = () => Promise.reject(new Error('no'));
  const metrics = createMetrics({
    version: '1',
    predictions: no,
    sources: () => [],
    summary: no,
    budgets: no,
    awaiting: no,
    escalated: no,
    state: no,
    playbooks: () => [],
    mapping: () => ({ mappings: [] }),
    scores: no,
  });
  const told = async () => /^forestall_ledger_chain_broken (.*)$/m.exec(await metrics.textfile())?.[1];
  expect(await told()).toBeUndefined();
  metrics.ledgerChain(false);
  expect(await told()).toBe('1');
  metrics.ledgerChain(true);
  expect(await told()).toBe('0');
});
