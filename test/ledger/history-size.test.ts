import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { gatherFacts, sqlFactReads } from '../../src/ledger/sqlite/facts.ts';
import {
  newestDecision,
  pageOfExecutions,
  runsSince,
  summarize,
  unfinishedExecutions,
} from '../../src/ledger/sqlite/queries.ts';
import { reportsOf } from '../../src/ledger/sqlite/reports.ts';
import { type Sql, statementsOf } from '../../src/ledger/sqlite/statements.ts';
import { createTallyBook } from '../../src/ledger/sqlite/tally.ts';
import { dueForVerification, lastGain, verify } from '../../src/ledger/sqlite/verification.ts';
import { DAY, HOUR, NOW, permittingPolicy } from '../support/decision.ts';
import { sqliteStore } from './sqlite-store.ts';
import { inputAbout, runOnce } from './support.ts';

/** Asks the planner about every statement that `work` uses. */
function plansOf(db: DatabaseSync, work: (sql: Sql) => unknown): string[] {
  const plans: string[] = [];
  const sql = statementsOf(db);
  work((text) => {
    const values = Array.from(text.matchAll(/\?/g), () => 1);
    for (const row of db.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...values)) plans.push(String(row['detail']));
    return sql(text);
  });
  return plans;
}

async function withHistory(): Promise<DatabaseSync> {
  const store = sqliteStore();
  const ledger = await store.open();
  await runOnce(ledger, inputAbout(), 'succeeded', { verify: { after: HOUR, expect: null } });
  await ledger.close();
  const db = new DatabaseSync(store.path);
  db.exec(`
    PRAGMA synchronous = OFF;
    INSERT INTO executions (id, state, playbook, mapping, target, resource, host, prediction, decision_id, trigger, mode,
      claimed_at, started_at, finished_at, message, counts_as, counted_at, scope, fence, owner_id, verify_at, verified_at, outcome)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
    SELECT 'exec_' || i, 'succeeded', 'disk-cleanup', mapping, target, resource, host, prediction, decision_id, trigger, mode,
      claimed_at, claimed_at - i * 1000, claimed_at - i * 1000, message, 'live', claimed_at - i * 1000, scope, 1, owner_id,
      claimed_at, claimed_at, 'ineffective'
    FROM executions, n WHERE id NOT LIKE 'exec\\__' ESCAPE '\\' AND seq = 1`);
  return db;
}

test('what a decision asks never walks through the history', async () => {
  const db = await withHistory();
  for (const limit_scope of ['playbook', 'resource', 'host'] as const) {
    const input = inputAbout({ action: { limit_scope, max_executions_per_week: 7 }, policy: permittingPolicy() });
    const plans = plansOf(db, (sql) => gatherFacts(sqlFactReads(sql), input, 'exec_5'));
    expect(plans.filter((plan) => plan.includes('executions'))).toHaveLength(10);
    for (const plan of plans) expect(plan).not.toMatch(/SCAN executions|TEMP B-TREE FOR ORDER BY.*executions/);
    expect(plans.filter((plan) => plan.includes('executions_unfinished'))).toHaveLength(1);
    expect(plans.filter((plan) => plan.includes('executions_settling'))).toHaveLength(1);
    expect(plans.filter((plan) => /runs/.test(plan)).every((plan) => plan.includes('COVERING INDEX'))).toBe(true);
  }
  const others = plansOf(db, (sql) => {
    newestDecision(sql, 'x');
    unfinishedExecutions(sql);
    reportsOf(sql, 'x');
    lastGain(sql, 'disk-cleanup');
    const [due] = dueForVerification(sql, NOW + DAY, 5);
    const verdict = { outcome: 'ineffective', message: 'no', days_after: 8, at: NOW + DAY } as const;
    expect(verify(sql, due!.execution.id, { ...verdict, min_days_gained: null, reports: [] })?.runs).toHaveLength(50);
    summarize(sql, NOW, createTallyBook('x'), 'x');
    runsSince(sql, 'disk-cleanup', 'live', NOW);
    pageOfExecutions(sql, { playbook: 'disk-cleanup', state: 'succeeded', limit: 5 });
    pageOfExecutions(sql, { playbook: 'disk-cleanup', limit: 5 });
    pageOfExecutions(sql, { state: 'failed', limit: 5 });
  });
  for (const plan of others) expect(plan).not.toMatch(/^SCAN (executions|decisions)$|TEMP B-TREE/);

  const input = inputAbout({ now: NOW + HOUR, action: { max_executions_per_week: 3 }, policy: permittingPolicy() });
  const started = performance.now();
  for (let at = 0; at < 200; at++)
    expect(gatherFacts(sqlFactReads(statementsOf(db)), input, null).runs).toHaveLength(3);
  expect((performance.now() - started) / 200).toBeLessThan(20);
  db.close();
});
