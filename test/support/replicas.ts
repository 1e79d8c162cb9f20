import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WATCH } from '../chaos/witness.ts';
import { type LedgerFile, readLedger, watchLedger } from '../e2e/ledger-file.ts';
import { PASSWORD, type PostgresServer } from './postgres.ts';
import { DISK, type Home, linesOf, makeHome, withoutTime } from './service.ts';
import { tempDir } from './temp.ts';

export interface Replicas {
  readonly homes: readonly Home[];
  /** The name of their database, or the path of their file. */
  readonly store: string;
  /** What all their playbooks noted, in its order. */
  records(): readonly string[];
  /** The same with when, see `Home`. */
  timedRecords(): readonly string[];
  ledger(): Pick<LedgerFile, 'executions' | 'decisions' | 'steps' | 'untold'>;
  /** From now on every write of an execution is noted in the ledger, which one of them has made. */
  watch(): void;
  /** Replaces the one file of predictions that all of them read. */
  writePredictions: Home['writePredictions'];
}

interface ReplicasOptions {
  /** Null: they share a file of SQLite. */
  readonly server: PostgresServer | null;
  readonly count: number;
  readonly resources: readonly string[];
  /** Port over which one reaches PostgreSQL; by default the server's own. */
  readonly storePort?: (at: number) => number;
  /** Environment of the playbooks of one. */
  readonly env?: (at: number) => Record<string, string>;
  readonly config?: (config: Record<string, unknown>, at: number) => Record<string, unknown>;
  readonly mapping?: (mapping: any) => void;
}

/** Homes of replicas on one ledger, in which every resource has its own cooldown of 48 hours, and no other limit binds. */
export function makeReplicas({ server, count, resources, storePort, env, config, mapping }: ReplicasOptions): Replicas {
  const shared = tempDir();
  const record = join(shared, 'record.txt');
  const file = join(shared, 'forestall.db');
  const database = server?.database() ?? '';
  const homes = Array.from({ length: count }, (_, at) => {
    const store =
      server === null
        ? { store: `sqlite:${file}` }
        : {
            store: `postgres://forestall@127.0.0.1:${storePort?.(at) ?? server.port}/${database}`,
            store_password_file: 'store-password',
          };
    const home = makeHome({
      env: { ...env?.(at), RECORD_FILE: record },
      config(document) {
        const changed = { ...document, ...store, predictions: { files: [join(shared, 'predictions.json')] } };
        return config?.(changed, at) ?? changed;
      },
      mapping(document) {
        const [first] = document.mappings;
        first.resource_filter = '/*';
        first.safety_checks = [];
        Object.assign(first.action, { limit_scope: 'resource', max_executions_per_week: 100 });
        document.global_settings.max_daily_executions = 1_000;
        mapping?.(document);
        return document;
      },
    });
    writeFileSync(join(home.folder, 'store-password'), PASSWORD);
    return home;
  });
  const replicas: Replicas = {
    homes,
    store: server === null ? file : database,
    records: () => replicas.timedRecords().map(withoutTime),
    timedRecords: () => linesOf(record),
    ledger: () => (server === null ? readLedger(file) : readDatabase(server, database)),
    watch() {
      if (server === null) watchLedger(file);
      else server.sql(database, WATCH);
    },
    writePredictions: (predictions) => writeFileSync(join(shared, 'predictions.json'), JSON.stringify({ predictions })),
  };
  replicas.writePredictions(resources.map((resource) => ({ ...DISK, resource })));
  return replicas;
}

function readDatabase(server: PostgresServer, database: string): ReturnType<Replicas['ledger']> {
  const listed = (query: string, order: string) =>
    JSON.parse(server.sql(database, `SELECT coalesce(json_agg(row ORDER BY ${order}), '[]') FROM (${query}) AS row`));
  const rows = (columns: string, table: string) => listed(`SELECT seq, ${columns} FROM forestall.${table}`, 'seq');
  const isWatched = server.sql(database, "SELECT to_regclass('witness.steps') IS NOT NULL") === 't';
  const executions = rows(
    'id, state, playbook, resource, host, scope, decision_id, claimed_at, started_at, finished_at, counts_as',
    'executions',
  );
  // After the executions: what does not wait to be told any more was told before.
  const untold: { id: string }[] = listed(
    `SELECT DISTINCT execution_id AS id FROM forestall.reports WHERE channel = 'discord' AND subject::json->>'kind' = 'execution'
       AND subject::json->'execution'->>'state' IN ('succeeded', 'failed', 'interrupted')`,
    'id',
  );
  return {
    executions,
    untold: untold.map(({ id }) => id),
    decisions: rows('id, verdict, reason, execution_id, repeats', 'decisions'),
    ...(isWatched
      ? {
          steps: listed(
            `SELECT n, id, floor(extract(epoch FROM at) * 1000)::bigint AS at, state, fence, started_at, finished_at
             FROM witness.steps`,
            'n',
          ),
        }
      : {}),
  };
}
