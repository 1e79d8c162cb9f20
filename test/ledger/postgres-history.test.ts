import { beforeAll, describe, expect, test } from 'vitest';
import { DAY, HOUR, NOW, permittingPolicy } from '../support/decision.ts';
import { type PostgresServer, startPostgres, withPostgres } from '../support/postgres.ts';
import { noted } from '../support/scores.ts';
import { eventually } from '../support/wait.ts';
import { type PostgresTestStore, postgresStore } from './postgres-store.ts';
import { claim, inputAbout, owner, runOnce, step } from './support.ts';

const ROWS = 30_000;

describe.skipIf(!withPostgres)('a ledger of years on PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });

  /** One run, and so many like it before: of its playbook and target, that ran, were stopped, verified and refused. */
  async function withHistory(): Promise<PostgresTestStore> {
    const store = postgresStore(server);
    const ledger = await store.open();
    await runOnce(ledger, inputAbout(), 'succeeded', { verify: { after: HOUR, expect: null } });
    await ledger.close();
    server.sql(
      store.database,
      `SET search_path TO forestall;
       INSERT INTO executions (id, state, playbook, mapping, target, resource, host, prediction, decision_id, trigger, mode,
         claimed_at, started_at, finished_at, message, counts_as, counted_at, scope, fence, owner_id, verify_at, verified_at, outcome)
       SELECT 'exec_' || n, CASE n % 2 WHEN 0 THEN 'succeeded' ELSE 'rejected' END, playbook, mapping, target, resource, host,
         prediction, decision_id, trigger, mode, claimed_at, claimed_at - n * 1000, claimed_at - n * 1000, message,
         CASE n % 2 WHEN 0 THEN 'live' END, claimed_at - n * 1000, scope, 1, owner_id, claimed_at, claimed_at, 'ineffective'
       FROM executions, generate_series(1, ${ROWS}) AS n;
       INSERT INTO decisions (id, target, decided_at, trigger, verdict, reason, message, gates, last_at)
       SELECT 'dec_' || n, target, decided_at, trigger, 'rejected', 'kill_switch', message, gates, decided_at - n * 1000
       FROM decisions, generate_series(1, ${ROWS}) AS n`,
    );
    return store;
  }

  /** Rows that were looked at since the last call, in tables that grow with the years. */
  async function rowsRead(store: PostgresTestStore): Promise<number> {
    await eventually(
      () => server.sql('postgres', `SELECT count(*) FROM pg_stat_activity WHERE datname = '${store.database}'`) === '0',
    );
    const read = server.sql(
      store.database,
      `SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables
       WHERE relname IN ('executions', 'decisions')`,
    );
    server.sql(store.database, 'SELECT pg_stat_reset()');
    return Number(read);
  }

  test.each(['before', 'after'])(
    'what a decision asks never walks through the history, %s statistics were gathered',
    async (when) => {
      const store = await withHistory();
      server.sql(store.database, 'ALTER SYSTEM SET autovacuum = off');
      server.sql(store.database, 'SELECT pg_reload_conf()');
      if (when === 'after') server.sql(store.database, 'ANALYZE');
      await rowsRead(store);
      const ledger = await store.open();
      const policy = permittingPolicy({ retry_after: 1, max_daily_executions: 5 });
      for (const limit_scope of ['playbook', 'resource', 'host'] as const) {
        for (let at = 0; at < 8; at++) {
          const input = inputAbout({
            now: NOW + DAY + at,
            policy,
            action: { limit_scope, max_executions_per_week: 7 },
          });
          expect((await ledger.facts(input, 'exec_5')).runs).toHaveLength(7);
          const [recorded] = await ledger.record([{ ...input, unsafe_value: 'a' }], owner());
          expect(recorded!.decision.reason).toBe('unsafe_value');
          await ledger.repeat(input, {
            verdict: 'rejected',
            reason: 'cooldown',
            message: '',
            gates: [],
            next_attempt_at: null,
          });
        }
      }
      const elsewhere = inputAbout({ now: NOW + DAY, resource: '/other', action: { playbook: 'other' } });
      const hold = await claim(ledger, elsewhere);
      expect((await ledger.begin(hold, elsewhere, 'go'))?.verdict).toBe('approved');
      await ledger.advance(hold, step('failed', NOW + DAY));
      await ledger.unfinished();
      await ledger.due(NOW + DAY, 5);
      await ledger.lastGain('disk-cleanup');
      await ledger.runsSince('disk-cleanup', 'live', NOW - 20_000);
      await ledger.executions({ playbook: 'disk-cleanup', state: 'succeeded', limit: 5 });
      await ledger.executions({ state: 'failed', limit: 5 });
      await ledger.decisions({ limit: 5 });
      await ledger.refusedSince(NOW - 20_000, 5);
      await ledger.close();
      // Some 60 questions: a handful of rows each.
      const read = await rowsRead(store);
      expect(read).toBeGreaterThan(100);
      expect(read).toBeLessThan(2_500);
    },
    60_000,
  );

  test('of the forecasts on record the newest are shown, and the first that are open', async () => {
    const store = postgresStore(server);
    const ledger = await store.open();
    await ledger.scores.note([noted()], []);
    server.sql(
      store.database,
      `SET search_path TO forestall;
       INSERT INTO scores (prediction_type, resource, host, target, source, mapping, observed_at, day, actionable,
         days_until_critical, confidence, closes_at, seen_at, fate)
       SELECT prediction_type, resource || i, host, target || i, source, mapping, observed_at, day, actionable, 8, 0.9,
         closes_at + i, seen_at, CASE WHEN i > 11000 THEN NULL ELSE 'came_true' END
       FROM scores, generate_series(1, 22000) AS i`,
    );
    const shown = await ledger.scores.since(0);
    const resources = (judged: boolean) =>
      shown.filter(({ fate }) => (fate === null) !== judged).map((one) => one.resource);
    const { resource } = noted();
    expect([resources(true).length, resources(false).length]).toEqual([10_000, 10_000]);
    expect([resources(true)[0], resources(true).at(-1)]).toEqual([`${resource}1001`, `${resource}11000`]);
    expect([resources(false)[0], resources(false).at(-1)]).toEqual([resource, `${resource}20999`]);
    await ledger.close();
  });

  test.each(['resource', 'host'] as const)(
    'thousands that wait, of which statistics know nothing, are not walked through for a decision about one %s',
    async (limit_scope) => {
      const store = await withHistory();
      server.sql(store.database, 'VACUUM ANALYZE');
      server.sql(
        store.database,
        `SET search_path TO forestall;
         INSERT INTO executions (id, state, playbook, mapping, target, resource, host, prediction, decision_id, trigger, mode,
           claimed_at, message, scope, fence, owner_id)
         SELECT 'waits_' || n, 'claimed', playbook, mapping, target || n, resource || n, host || n, prediction, decision_id, trigger,
           mode, claimed_at, message, scope || n, 1, owner_id
         FROM (SELECT * FROM executions ORDER BY seq LIMIT 1) AS first, generate_series(1, 3000) AS n`,
      );
      await rowsRead(store);
      const ledger = await store.open();
      const policy = permittingPolicy({ max_daily_executions: null });
      const inputs = Array.from({ length: 50 }, (_, at) =>
        inputAbout({
          now: NOW + DAY,
          resource: `/srv${at + 1}`,
          host: `nas${at + 1}`,
          policy,
          action: { limit_scope },
        }),
      );
      const recorded = await ledger.record(inputs, owner());
      expect(new Set(recorded.map(({ decision }) => decision.reason))).toEqual(new Set(['in_progress']));
      expect((await ledger.facts(inputs[7]!)).unfinished?.execution_id).toBe('waits_8');
      await ledger.close();
      expect(await rowsRead(store)).toBeLessThan(1_000);
    },
  );

  test('many inputs are recorded with as many statements as one, each on what those before it left', async () => {
    const ledger = await postgresStore(server).open();
    const inputs = Array.from({ length: 200 }, (_, at) =>
      inputAbout({ resource: `/${at % 100}`, host: `h${at % 3}`, action: { limit_scope: 'resource' } }),
    );
    const recorded = await ledger.record(inputs, owner());
    expect(recorded.map(({ decision }) => decision.reason)).toEqual([
      ...Array(100).fill('approved'),
      ...Array(100).fill('in_progress'),
    ]);
    expect(recorded[125]!.decision.message).toContain(recorded[25]!.hold!.execution_id);
    expect(new Set((await ledger.unfinished()).map(({ execution }) => execution.id)).size).toBe(100);
  });
});
