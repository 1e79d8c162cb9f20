import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION, schemaVersion } from '../../src/ledger/sqlite/migrations.ts';
import { hasStrace } from '../e2e/strace.ts';
import { NOW } from '../support/decision.ts';
import { tempDir } from '../support/temp.ts';

const PROGRAM = fileURLToPath(new URL('programs/open-for-writing.ts', import.meta.url));
const ROWS = 300;

/** A ledger as the first version wrote it, with so many executions. */
function oldLedger(): string {
  const path = join(tempDir(), 'old.db');
  const db = new DatabaseSync(path);
  db.exec(MIGRATIONS[0]!);
  db.exec(`
    INSERT INTO executions (id, state, playbook, mapping, target, resource, host, prediction, decision_id, trigger, mode,
      claimed_at, started_at, finished_at, days_before, message, scope, fence, owner_id, claim, counts_as, counted_at)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
    SELECT 'exec_' || i, 'succeeded', 'disk-cleanup', 'disk_exhaustion:/srv', '["disk_exhaustion","/srv","nas"]', '/srv', 'nas', '{}',
      'dec_' || i, 'webhook', 'live', ${NOW}, ${NOW}, ${NOW}, 8.2, 'cleaned', 'scope', 1, 'gone', 'mark', 'live', ${NOW} FROM n;
    PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 1; PRAGMA journal_mode = WAL`);
  db.close();
  return path;
}

/** Opens it in a process of its own that is killed at a call; true where it came to its end all the same. */
function openKilledAt(path: string, call: string, count: number): boolean {
  const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${count}`];
  const { status, stderr } = spawnSync(
    'strace',
    ['-f', '-qq', '-o', '/dev/null', ...inject, process.execPath, PROGRAM, path],
    {
      encoding: 'utf8',
    },
  );
  if (status !== null && status !== 0 && status !== 137) throw new Error(stderr);
  return status === 0;
}

function look(path: string): { readonly version: number; readonly rows: unknown; readonly integrity: unknown } {
  const db = new DatabaseSync(path);
  try {
    return {
      version: schemaVersion(db),
      rows: db.prepare('SELECT count(*) AS rows FROM executions').get()!['rows'],
      integrity: db.prepare('PRAGMA integrity_check').get()!['integrity_check'],
    };
  } finally {
    db.close();
  }
}

describe.runIf(hasStrace)('killed while the schema is brought up to date (fault 34)', () => {
  test.each([
    ['pwrite64', 23],
    ['fsync', 1],
  ])('at %s: a whole step or none, every row, and the next one that opens it goes on', (call, stride) => {
    const old = oldLedger();
    const versions = new Set<number>();
    let points = 0;
    for (let count = 1, ended = false; !ended; count += stride, points++) {
      const path = join(tempDir(), 'ledger.db');
      copyFileSync(old, path);
      ended = openKilledAt(path, call, count);
      const { version, ...rest } = look(path);
      expect(rest).toEqual({ rows: ROWS, integrity: 'ok' });
      versions.add(version);
      if (ended) continue;
      expect(openKilledAt(path, call, 60_000)).toBe(true);
      expect(look(path)).toEqual({ version: SCHEMA_VERSION, rows: ROWS, integrity: 'ok' });
    }
    console.log(`${points} points of ${call} were visited; schemas that were left: ${[...versions].join(', ')}`);
    expect(versions.has(1)).toBe(true);
    expect(versions.size).toBeGreaterThan(3);
  });
});
