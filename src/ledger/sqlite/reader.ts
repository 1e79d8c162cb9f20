import { setTimeout as delay } from 'node:timers/promises';
import { LedgerUnavailable } from '../ledger.ts';
import { type Cache, createCache } from './cache.ts';
import { inOneLine, isBusy, isStoreFailure } from './errors.ts';
import { checkStillThere, type OpenFile, openForReading } from './file.ts';
import { monotonicNow } from './messages.ts';
import { type Sql, statementsOf } from './statements.ts';
import { PATIENCE } from './writer.ts';

/** Between attempts while another process recovers or closes the file, milliseconds. */
const RETRY = 20;
/** How often it is looked whether the path still names the file that is open, milliseconds. */
const LOOK = 1_000;
const MOST_CACHED = 20_000;

export interface Reader {
  /** Runs `query` on the connection. Rejects with `LedgerUnavailable` when the file cannot be read. */
  read<T>(query: (sql: Sql) => T): Promise<T>;
  /** The same, in one snapshot of the store. */
  snapshot<T>(query: (sql: Sql) => T): Promise<T>;
  /** The same, with a cache that holds only what is still true. */
  cached<T>(query: (sql: Sql, cache: Cache) => T): Promise<T>;
  /** The same at once; null where the file cannot be read at once. */
  atHand<T>(query: (sql: Sql, cache: Cache) => T): T | null;
  /** Which version the cache holds now; null where that cannot be told at once. */
  moment(): number | null;
  version(): Promise<number>;
  /** A write of ours was answered: whoever waited for it finds it. */
  wrote(): void;
  close(): void;
}

interface Connection extends OpenFile {
  readonly sql: Sql;
  lookedAt: number;
}

/**
 * The connection that reads, on the caller's own thread: in WAL mode a reader waits for nobody, and what it reads is small
 * and indexed. Opened with the first call, and anew after a failure.
 */
export function createReader(path: string): Reader {
  const cache = createCache(MOST_CACHED);
  let connection: Connection | null = null;
  let connections = 0;
  let closed = false;
  let inStep = false;

  function connect(): Connection {
    const file = openForReading(path);
    connections++;
    return { ...file, sql: statementsOf(file.db), lookedAt: monotonicNow() };
  }

  function drop(): void {
    const db = connection?.db;
    connection = null;
    inStep = false;
    try {
      db?.close();
    } catch {
      // It is not used again; the file is opened anew.
    }
  }

  function outOfStep(): void {
    inStep = false;
  }

  function onConnection<T>(query: (connection: Connection) => T): T {
    if (closed) throw new LedgerUnavailable(`ledger ${path} is closed`);
    connection ??= connect();
    const now = monotonicNow();
    if (now - connection.lookedAt > LOOK) {
      checkStillThere(path, connection.inode);
      connection.lookedAt = now;
    }
    return query(connection);
  }

  async function attempt<T>(query: (connection: Connection) => T): Promise<T> {
    const deadline = monotonicNow() + PATIENCE;
    for (;;) {
      try {
        return onConnection(query);
      } catch (error) {
        if (isBusy(error) && monotonicNow() < deadline) {
          await delay(RETRY);
          continue;
        }
        const unavailable = isBusy(error) || isStoreFailure(error);
        if (unavailable || (error instanceof Error && error.name.startsWith('Ledger'))) drop();
        if (unavailable)
          throw new LedgerUnavailable(`ledger ${path} cannot be read: ${inOneLine(error)}`, { cause: error });
        throw error instanceof Error && error.name === 'LedgerUnusable' ? new LedgerUnavailable(error.message) : error;
      }
    }
  }

  /** Unique over the connections of this reader: SQLite counts anew in each. */
  function versionOn({ sql }: Connection): number {
    return connections * 2 ** 32 + (sql('PRAGMA data_version').get()!['data_version'] as number);
  }

  /**
   * All that came in together, in one turn of the event loop, is answered as of one moment, when the first of it asks: the
   * version is asked once. The answer to a write of ours ends that moment.
   */
  function syncCache(here: Connection): void {
    if (inStep) return;
    cache.sync(versionOn(here));
    inStep = true;
    setImmediate(outOfStep);
  }

  function cachedOn<T>(here: Connection, query: (sql: Sql, cache: Cache) => T): T {
    syncCache(here);
    return query(here.sql, cache);
  }

  /** Whoever needs more than what is at hand asks again, and hears why. */
  function atHand<T>(query: (sql: Sql, cache: Cache) => T): T | null {
    try {
      return onConnection((here) => cachedOn(here, query));
    } catch {
      return null;
    }
  }

  return {
    read: (query) => attempt(({ sql }) => query(sql)),
    snapshot: (query) =>
      attempt(({ db, sql }) => {
        db.exec('BEGIN');
        try {
          return query(sql);
        } finally {
          if (db.isTransaction) db.exec('COMMIT');
        }
      }),
    cached: (query) => attempt((here) => cachedOn(here, query)),
    atHand,
    moment: () => atHand((_sql, { version }) => version()),
    version: () => attempt(versionOn),
    wrote: outOfStep,
    close() {
      closed = true;
      drop();
    },
  };
}
