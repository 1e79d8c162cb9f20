import pg from 'pg';
import type { DecisionRow, ExecutionRow, Step } from '../e2e/history-checker.ts';
import type { PostgresServer } from '../support/postgres.ts';

/** What the store itself saw, and what it holds. */
export interface Witness {
  readonly steps: readonly Step[];
  readonly executions: readonly ExecutionRow[];
  readonly decisions: readonly DecisionRow[];
}

export interface Store {
  /** From now on every write of an execution is noted, in the transaction that makes it. */
  watch(): Promise<void>;
  /** How much is still under way: executions, reports and alerts that are followed. */
  unsettled(): Promise<{ readonly executions: number; readonly reports: number; readonly rechecks: number }>;
  witness(): Promise<Witness>;
  close(): Promise<void>;
}

/** Notes every write of an execution beside the ledger, whose schema it leaves as it is but for a trigger. */
export const WATCH = `
  CREATE SCHEMA witness;
  CREATE TABLE witness.steps (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(),
    id text, state text, fence bigint, started_at bigint, finished_at bigint
  );
  CREATE FUNCTION witness.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO witness.steps (id, state, fence, started_at, finished_at)
      VALUES (NEW.id, NEW.state, NEW.fence, NEW.started_at, NEW.finished_at);
    RETURN NULL;
  END $$;
  CREATE TRIGGER witness AFTER INSERT OR UPDATE ON forestall.executions FOR EACH ROW EXECUTE FUNCTION witness.note();`;

/** Looks at a database past everything that is done to the replicas on it. */
export async function openStore(server: PostgresServer, database: string): Promise<Store> {
  const client = new pg.Client({ host: server.folder, port: server.port, user: 'forestall', database });
  client.on('error', () => {});
  await client.connect();
  // Whole numbers as such: instants and counts are well below 2^53.
  client.setTypeParser(pg.types.builtins.INT8, Number);
  const rows = async <Row>(text: string): Promise<readonly Row[]> => (await client.query(text)).rows;
  return {
    watch: async () => void (await client.query(WATCH)),
    unsettled: async () =>
      (
        await rows<{ executions: number; reports: number; rechecks: number }>(
          `SELECT (SELECT count(*) FROM forestall.executions WHERE finished_at IS NULL) AS executions,
             (SELECT count(*) FROM forestall.reports) AS reports,
             (SELECT count(*) FROM forestall.kv WHERE starts_with(key, 'recheck:')) AS rechecks`,
        )
      )[0]!,
    witness: async () => ({
      steps: await rows<Step>(
        `SELECT id, floor(extract(epoch FROM at) * 1000)::bigint AS at, state, fence, started_at, finished_at
         FROM witness.steps ORDER BY n`,
      ),
      executions: await rows<ExecutionRow>(
        `SELECT id, state, playbook, resource, host, scope, decision_id, claimed_at, started_at, finished_at, counts_as
         FROM forestall.executions ORDER BY seq`,
      ),
      decisions: await rows<DecisionRow>(
        'SELECT id, verdict, reason, execution_id, repeats FROM forestall.decisions ORDER BY seq',
      ),
    }),
    close: () => client.end(),
  };
}
