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
import { dueForecasts, forecastsSince, hear, judge, noteForecasts } from '../../src/ledger/sqlite/scores.ts';
import { type Sql, statementsOf } from '../../src/ledger/sqlite/statements.ts';
import { dueForVerification, lastGain, verify } from '../../src/ledger/sqlite/verification.ts';
import { createTallyBook } from '../../src/ledger/tally.ts';
import { DAY, HOUR, NOW, permittingPolicy } from '../support/decision.ts';
import { noted } from '../support/scores.ts';
import { sqliteStore } from './sqlite-store.ts';
import { inputAbout, runOnce } from './support.ts';

/** Asks the planner about every statement that `work` uses. */
function plansOf(db: DatabaseSync, work: (sql: Sql) => unknown): string[] {
  const plans: string[] = [];
  const sql = statementsOf(db);
  work((text) => {
    const values = Array.from(
      new Set(Array.from(text.matchAll(/\?\d*/g), ([mark], at) => (mark === '?' ? at : mark))),
      () => 1,
    );
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

test('hosts of a blast radius are found by an index that holds them', async () => {
  const db = await withHistory();
  const input = inputAbout({ action: { blast_radius: { hosts: 2, percent: null, per: HOUR } } });
  const plans = plansOf(db, (sql) => gatherFacts(sqlFactReads(sql), input, null));
  expect(plans.filter((plan) => plan.includes('COVERING INDEX executions_hosts'))).toHaveLength(1);
  for (const plan of plans) expect(plan).not.toMatch(/SCAN executions/);
  db.close();
});

test('what a decision asks never walks through the history', async () => {
  const db = await withHistory();
  for (const limit_scope of ['playbook', 'resource', 'host'] as const) {
    const input = inputAbout({ action: { limit_scope, max_executions_per_week: 7 }, policy: permittingPolicy() });
    const plans = plansOf(db, (sql) => gatherFacts(sqlFactReads(sql), input, 'exec_5'));
    expect(plans.filter((plan) => plan.includes('executions'))).toHaveLength(10);
    for (const plan of plans) expect(plan).not.toMatch(/SCAN executions|TEMP B-TREE FOR ORDER BY.*executions/);
    const narrowed = limit_scope === 'playbook' ? 'executions_unfinished (' : `executions_unfinished_${limit_scope} (`;
    expect(plans.filter((plan) => plan.includes('executions_unfinished'))).toEqual([expect.stringContaining(narrowed)]);
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
  // All runs there ever were are found by that index too.
  for (const plan of others) expect(plan).not.toMatch(/executions_all_runs \(counts_as=\?\)/);

  const input = inputAbout({ now: NOW + HOUR, action: { max_executions_per_week: 3 }, policy: permittingPolicy() });
  expect(gatherFacts(sqlFactReads(statementsOf(db)), input, null).runs).toHaveLength(3);
  db.close();
});

/** 30,000 forecasts of one source that were scored, and as many that are open. */
async function withScores(): Promise<DatabaseSync> {
  const db = await withHistory();
  const sql = statementsOf(db);
  noteForecasts(sql, [noted({ source: 'api' })], NOW);
  db.exec(`
    INSERT INTO scores (prediction_type, resource, host, target, source, mapping, observed_at, day, actionable,
      days_until_critical, confidence, closes_at, seen_at, fate)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
    SELECT prediction_type, resource || i, host, target || i, source, mapping, observed_at, day, 1, 8, 0.9, closes_at + i,
      seen_at, CASE WHEN i > 30000 THEN NULL WHEN i % 10 = 0 THEN 'did_not' ELSE 'came_true' END
    FROM scores, n`);
  return db;
}

test('what forecasts did is asked by index, however many are on record', async () => {
  const db = await withScores();
  const input = inputAbout({ now: NOW + 15 * DAY });
  const asked = { ...input, prediction: { ...input.prediction!, source: 'api' } };
  const plans = plansOf(db, (sql) => {
    expect(gatherFacts(sqlFactReads(sql), asked, null).proof).toEqual({ scored: 1_000, came_true: 900 });
    dueForecasts(sql, NOW + 15 * DAY, { closes_at: NOW, id: 1 }, 500);
    forecastsSince(sql, NOW + 90 * DAY);
    hear(sql, [
      { of: 'target', target: noted(), at: NOW + DAY, critical: true },
      { of: 'source', source: 'file:/a', at: NOW + DAY },
    ]);
    noteForecasts(sql, [noted({ observed_at: NOW + 3 * DAY })], NOW);
    judge(sql, [{ id: 1, fate: 'did_not', critical_at: null, message: 'no' }], NOW);
  }).filter((plan) => plan.includes('scores') || plan.includes('executions'));
  for (const plan of plans) expect(plan).not.toMatch(/^SCAN|TEMP B-TREE/);
  expect(plans).toContainEqual(expect.stringMatching(/COVERING INDEX scores_proof/));
  expect(plans).toContainEqual(expect.stringMatching(/INDEX scores_due/));
  expect(plans).toContainEqual(expect.stringMatching(/INDEX executions_started/));
  expect(plans).toContainEqual(expect.stringMatching(/INDEX scores_open \(target=\?\)/));
  expect(plans).toContainEqual(expect.stringMatching(/INDEX scores_open_source/));

  const shown = forecastsSince(statementsOf(db), 0);
  expect([shown.length, shown.filter(({ fate }) => fate === null).length]).toEqual([20_000, 10_000]);
  db.close();
});
