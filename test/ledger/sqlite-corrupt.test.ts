import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { CHAIN_START, type ChainHead } from '../../src/ledger/chain.ts';
import { LedgerUnusable } from '../../src/ledger/ledger.ts';
import { openSqliteVerify } from '../../src/ledger/sqlite/chain-reads.ts';
import { openForWriting } from '../../src/ledger/sqlite/file.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite/open.ts';
import { verifyChain } from '../../src/ledger/verify-chain.ts';
import { NOW } from '../support/decision.ts';
import { tempDir } from '../support/temp.ts';
import { sqliteStore } from './sqlite-store.ts';
import { claim, inputAbout, owner, runOnce, step } from './support.ts';

/** Always the same where nothing else is asked for: what is found is there again. */
const SEED = Number(process.env['FORESTALL_SEED'] ?? 20_261_123);
const INSTRUCTION = /restore it from a backup|move it away|name another file|run the version that wrote it/;

vi.setConfig({ testTimeout: 120_000 });

/** Everything that decisions were and are made on. */
function truthIn(path: string): string {
  const db = new DatabaseSync(path);
  try {
    const rows = (table: string) => db.prepare(`SELECT * FROM ${table} ORDER BY seq`).all();
    return JSON.stringify([rows('decisions'), rows('executions')]);
  } finally {
    db.close();
  }
}

describe('a file that is damaged (fault 32)', () => {
  let sound: Buffer;
  let truth: string;
  beforeAll(async () => {
    const store = sqliteStore(join(tempDir(), 'sound.db'));
    const ledger = await store.open();
    for (let at = 0; at < 12; at++) await runOnce(ledger, inputAbout({ resource: `/run/${at}` }));
    await ledger.record(
      Array.from({ length: 40 }, (_, at) => ({ ...inputAbout({ resource: `/${at}` }), unsafe_value: 'x' })),
      owner(),
    );
    await ledger.close();
    sound = readFileSync(store.path);
    truth = truthIn(store.path);
  });

  /** Opens what these bytes are: it is refused with what to do and left as it is, or holds the truth. */
  function judge(bytes: Buffer): 'refused' | 'true' {
    const path = join(tempDir(), 'x.db');
    writeFileSync(path, bytes);
    try {
      openForWriting(path, true).db.close();
    } catch (error) {
      expect(error).toBeInstanceOf(LedgerUnusable);
      expect(String(error)).toMatch(INSTRUCTION);
      expect(readFileSync(path).equals(bytes)).toBe(true);
      return 'refused';
    }
    expect(truthIn(path)).toBe(truth);
    return 'true';
  }

  test('by a single byte, anywhere, is refused and left as it is, or holds the truth', () => {
    const results = { refused: 0, true: 0 };
    const flips = fc.tuple(fc.nat(sound.length - 1), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(flips, ([at, by]) => {
        const bytes = Buffer.from(sound);
        bytes[at]! ^= by;
        results[judge(bytes)]++;
      }),
      { numRuns: 250, seed: SEED, endOnFailure: true },
    );
    expect(Math.min(results.refused, results.true)).toBeGreaterThan(20);
  });

  test('by a cut, anywhere, is refused and left as it is', () => {
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.boolean(), (at, wholePage) => {
        const pages = Math.max(1, Math.floor(at / 4096));
        expect(judge(sound.subarray(0, wholePage ? Math.min(pages * 4096, sound.length - 4096) : at))).toBe('refused');
      }),
      { numRuns: 60, seed: SEED, endOnFailure: true },
    );
  });

  test.each([
    ['a time that was changed', 'UPDATE executions SET started_at = started_at - 400000000 WHERE seq = 3'],
    ['a state that was changed', "UPDATE executions SET counts_as = NULL WHERE resource = '/run/7'"],
    ['a run that was taken out', 'DELETE FROM executions WHERE seq = 12'],
    [
      'a decision that was put in',
      `INSERT INTO decisions SELECT ${columnsBut('decisions', { seq: 'NULL', id: "'dec_x'" })} FROM decisions LIMIT 1`,
    ],
    ['an entry of the chain that was changed', "UPDATE chain SET digest = '' WHERE seq = 20"],
    [
      'a run that was taken out with its entries',
      `DELETE FROM executions WHERE seq = 12;
      DELETE FROM chain WHERE kind = 'execution' AND row = 12`,
    ],
  ])('%s is refused, and what is wrong is said', async (_what, sql) => {
    const store = sqliteStore(join(tempDir(), 'x.db'));
    writeFileSync(store.path, sound);
    const db = new DatabaseSync(store.path);
    db.exec(sql);
    db.close();
    const opening = store.open();
    await expect(opening).rejects.toThrow(LedgerUnusable);
    await expect(opening).rejects.toThrow(
      /changed from outside \((?:execution|decision|entry) \d+ .*history --verify.*docs\/ledger-integrity\.md.*backup/,
    );
  });
});

describe('a write-ahead log that is cut or changed (fault 32)', () => {
  let folder: string;
  let heads: readonly ChainHead[];
  /** As a crash leaves it: what was committed is in the log, and nothing of it in the file. */
  beforeAll(async () => {
    const path = join(tempDir(), 'live.db');
    const ledger = await openSqliteLedger({ path, now: () => NOW });
    folder = tempDir();
    const noted: ChainHead[] = [CHAIN_START];
    const note = async () => void noted.push((await ledger.chain.head())!);
    for (let at = 0; at < 15; at++) {
      const hold = await claim(ledger, inputAbout({ resource: `/${at}` }));
      await note();
      await ledger.advance(hold, step('expired', NOW + at));
      await note();
    }
    for (const end of ['', '-wal']) copyFileSync(path + end, join(folder, `x.db${end}`));
    await ledger.close();
    heads = noted;
  });

  /** What of it is there after the log was changed: everything up to one of the commits, whole. */
  async function leftOf(change: (log: Buffer) => Buffer): Promise<number> {
    const path = join(tempDir(), 'x.db');
    copyFileSync(join(folder, 'x.db'), path);
    writeFileSync(`${path}-wal`, change(readFileSync(join(folder, 'x.db-wal'))));
    openForWriting(path, true).db.close();
    expect(existsSync(path)).toBe(true);
    const reads = openSqliteVerify(path);
    try {
      const { problem, head } = await verifyChain(reads, { head: null, key: null });
      expect(problem).toBeNull();
      const at = heads.findIndex(({ hash }) => hash === (head ?? CHAIN_START).hash);
      expect(at).toBeGreaterThanOrEqual(0);
      const cut = await verifyChain(reads, { head: heads.at(-1)!, key: null });
      if (at === heads.length - 1) expect(cut.problem).toBeNull();
      else expect(cut.problem?.message).toMatch(/its end was cut off/);
      return at;
    } finally {
      reads.close();
    }
  }

  test('as it was left, it opens with everything', async () => {
    expect(await leftOf((log) => log)).toBe(heads.length - 1);
  });

  test('opens with everything up to a commit, never with half of one, and a head from elsewhere shows it', async () => {
    const size = readFileSync(join(folder, 'x.db-wal')).length;
    const kept = new Set<number>();
    await fc.assert(
      fc.asyncProperty(fc.nat(size - 1), fc.integer({ min: 0, max: 255 }), async (at, by) => {
        const left = await leftOf((log) => {
          if (by === 0 || at % 2 === 0) return log.subarray(0, at);
          log[at]! ^= by;
          return log;
        });
        kept.add(left);
      }),
      { numRuns: 80, seed: SEED, endOnFailure: true },
    );
    expect(kept.size).toBeGreaterThan(5);
  });
});

/** The columns of a new ledger's table, some of them by other expressions. */
function columnsBut(table: string, changes: Readonly<Record<string, string>>): string {
  const path = join(tempDir(), 'empty.db');
  const { db } = openForWriting(path, true);
  const names = db.prepare(`SELECT name FROM pragma_table_info('${table}')`).all();
  db.close();
  return names.map(({ name }) => changes[String(name)] ?? String(name)).join(', ');
}
