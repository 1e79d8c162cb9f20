import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, vi } from 'vitest';
import { openSqliteLedger } from '../../src/ledger/sqlite/open.ts';
import { inputAbout, owner, runOnce } from '../ledger/support.ts';
import { DAY, HOUR, MINUTE } from '../support/decision.ts';
import { type Home, makeHome, type Service, startService } from '../support/service.ts';
import { ROOT } from '../support/source-text.ts';
import { tempDir } from '../support/temp.ts';
import { eventually } from '../support/wait.ts';
import { copyOfLedger, deliver, ENUMERATION_TIMEOUT, expectWholeChain, visits } from './crash-points.ts';
import { hasStrace, killedAt } from './strace.ts';

vi.setConfig({ testTimeout: ENUMERATION_TIMEOUT });

/** More than one page of each, and enough entries in the chain for a checkpoint. */
const OLD_RUNS = 130;
const OLD_REFUSALS = 120;
const OTHERS = 10_000;

/** What a ledger and the folder of outputs hold, as far as it can be forgotten. */
interface Held {
  readonly executions: readonly string[];
  readonly decisions: readonly string[];
  /** Executions whose output there is. */
  readonly outputs: readonly string[];
}

function reading<T>(database: string, read: (column: (sql: string) => readonly string[]) => T): T {
  const db = new DatabaseSync(database, { timeout: 5_000 });
  try {
    return read((sql) =>
      db
        .prepare(sql)
        .all()
        .map((row) => String(row['x'])),
    );
  } finally {
    db.close();
  }
}

function held(home: Home, database = home.database): Held {
  return reading(database, (column) => {
    expect(column('SELECT integrity_check AS x FROM pragma_integrity_check')).toEqual(['ok']);
    const executions = column('SELECT id AS x FROM executions ORDER BY seq');
    return {
      executions,
      decisions: column('SELECT id AS x FROM decisions ORDER BY seq'),
      outputs: executions.filter((id) => existsSync(join(home.folder, `logs/${id}.run.log`))),
    };
  });
}

/** A checkpoint is the last that a walk makes, and the turn the last that it gives back. */
async function walked({ database }: Home): Promise<void> {
  await eventually(
    () =>
      reading(
        database,
        (column) =>
          column('SELECT id AS x FROM checkpoints').length > 0 &&
          column("SELECT name AS x FROM notes WHERE name = 'retention'").length === 0,
      ),
    { timeout: 60_000, interval: 100 },
  );
}

/** A home with years behind it, and one run this morning. Nobody has forgotten anything yet. */
async function homeWithAPast(): Promise<Home> {
  const home = makeHome();
  const today = Date.now();
  const ledger = await openSqliteLedger({ path: home.database, now: () => today });
  const action = { playbook: 'recording' };
  mkdirSync(join(home.folder, 'logs'), { mode: 0o700 });
  for (let day = 0; day < OLD_RUNS; day++) {
    const id = await runOnce(ledger, inputAbout({ now: today - (800 - day) * DAY, action }));
    for (const phase of ['dry_run', 'run']) writeFileSync(join(home.folder, `logs/${id}.${phase}.log`), 'said');
  }
  for (let day = 0; day < OLD_REFUSALS; day++) {
    const now = today - (640 - day) * DAY;
    await ledger.record([{ ...inputAbout({ now, resource: '/odd', action }), unsafe_value: `odd ${day}` }], owner());
  }
  for (let some = 0; some < OTHERS; some += 100) {
    const about = (at: number) => inputAbout({ now: today - 60 * DAY, resource: `/other/${some + at}`, action });
    const inputs = Array.from({ length: 100 }, (_, at) => ({ ...about(at), unsafe_value: 'odd' }));
    await ledger.record(inputs, owner());
  }
  await runOnce(ledger, inputAbout({ now: today - 3 * HOUR, resource: '/data', host: null, action }));
  await ledger.close();
  return home;
}

/** What of the first is not in the second. */
function missing(some: readonly string[], all: readonly string[]): readonly string[] {
  const there = new Set(all);
  return some.filter((one) => !there.has(one));
}

/**
 * Whether a service that may be killed comes to its end by itself; null: it gave the walk up, as a traced one on a busy
 * machine may. It is gone afterwards in any case.
 */
async function outlives(home: Home, wrapper: readonly string[]): Promise<boolean | null> {
  let service: Service;
  try {
    service = await startService(home, { wrapper });
  } catch (error) {
    if (/^serve ended/.test((error as Error).message)) return false;
    throw error;
  }
  let died = false;
  void service.exited().then(() => {
    died = true;
  });
  // Not by looking into the file: who looks tidies up what a kill left.
  const says = (words: RegExp) => service.log().some(({ msg }) => words.test(String(msg)));
  const gaveUp = () => says(/^old entries could not be removed from the ledger now/);
  await eventually(() => died || says(/^the ledger forgot/) || gaveUp(), { timeout: 60_000 });
  if (!died && gaveUp()) {
    await service.stop('SIGKILL');
    return null;
  }
  // It writes when it stops, too.
  const code = await service.stop();
  expect([0, null]).toContain(code);
  return code === 0;
}

describe.skipIf(!hasStrace)('killed while it forgets', () => {
  it('at a write: the ledger is whole, nothing is gone that is to stay, and the next start finishes it (fault 31)', async () => {
    const home = await homeWithAPast();
    const past = tempDir();
    const everything = held(home);
    for (const name of ['forestall.db', 'logs']) cpSync(join(home.folder, name), join(past, name), { recursive: true });
    const asItWas = (): void => {
      for (const name of ['forestall.db', 'forestall.db-wal', 'forestall.db-shm', 'logs'])
        rmSync(join(home.folder, name), { recursive: true, force: true });
      cpSync(past, home.folder, { recursive: true });
    };

    const undisturbed = await startService(home);
    await walked(home);
    const kept = held(home);
    expect([kept.executions.length, kept.decisions.length]).toEqual([6, OTHERS + 7]);
    expect(kept.outputs).toEqual(kept.executions.slice(0, -1));
    await undisturbed.stop();

    // Who died over it has the turn for ten minutes more.
    const later = join(home.folder, 'clock');
    writeFileSync(later, String(11 * MINUTE));
    const env = { NODE_OPTIONS: `--import=${join(ROOT, 'test/programs/wall-clock.mjs')}`, WALL_CLOCK: later };
    const { first, step } = visits(100);
    const sizes = new Set<number>();
    let last = 0;
    for (let when = first, clean = false; !clean; ) {
      asItWas();
      const outlived = await outlives(home, killedAt('pwrite64', when));
      if (outlived === null) continue;
      clean = outlived;
      last = when;
      when += step;
      const left = copyOfLedger(home.database);
      const now = held(home, left);
      await expectWholeChain(left);
      for (const what of ['executions', 'decisions'] as const) {
        expect(missing(now[what], everything[what])).toEqual([]);
        expect(missing(kept[what], now[what])).toEqual([]);
      }
      expect(now.outputs).toEqual(now.executions.slice(0, -1));
      sizes.add(now.executions.length + now.decisions.length);

      const next = await startService(home, { env });
      await walked(home);
      expect(held(home)).toEqual(kept);
      const { decisions } = await deliver(next, '/data');
      expect(decisions).toMatchObject([{ verdict: 'deferred', reason: 'cooldown' }]);
      expect(await next.stop()).toBe(0);
      await expectWholeChain(home.database);
    }
    console.info(`${last} writes of a walk; so many rows were left: ${[...sizes].sort().join(', ')}`);
    expect(sizes.size).toBeGreaterThan(step > 20 ? 1 : 3);
  });
});
