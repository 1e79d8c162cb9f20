import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { createRetention } from '../../src/loop/retention.ts';
import { removeOutput } from '../../src/playbook/output.ts';
import { sqliteStore } from '../ledger/sqlite-store.ts';
import { inputAbout, runOnce } from '../ledger/support.ts';
import { DAY, NOW } from '../support/decision.ts';
import { tempDir } from '../support/temp.ts';

const REACH = { window: 100 * DAY, runs: 2, all_runs: 1, judged: 1 };

/** A run a day, each with captured output. */
async function runs(ledger: Ledger, logs: string, days: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let day = 0; day < days; day++) {
    const id = await runOnce(ledger, inputAbout({ now: NOW + day * DAY }));
    for (const phase of ['dry_run', 'run']) writeFileSync(join(logs, `${id}.${phase}.log`), 'said');
    ids.push(id);
  }
  return ids;
}

function retentionAt(
  ledger: Ledger,
  logs: string,
  clock: () => number,
  keep: number,
  told: object[] = [],
  fitted: boolean[] = [],
) {
  const note = (details: object): void => void told.push(details);
  return createRetention({
    ledger,
    signingKey: () => null,
    keep: () => ({ keep, reach: REACH }),
    removeOutput: (id) => removeOutput(logs, id),
    onChain: (fits) => void fitted.push(fits),
    now: clock,
    logger: { info: note, warn: note, error: note },
  });
}

test('what is old goes with its output; what decisions look back on stays, however little is to be kept', async () => {
  const logs = tempDir();
  const ledger = await sqliteStore().open();
  const ids = await runs(ledger, logs, 12);
  await runOnce(ledger, inputAbout({ now: NOW + 105 * DAY }));
  const told: object[] = [];
  const retention = retentionAt(ledger, logs, () => NOW + 105 * DAY, DAY, told);
  // Of thirteen runs those of the first five days are over 100 days old.
  expect(await retention.pass()).toBe(10);
  expect(told).toMatchObject([{ executions: 5, decisions: 5, forecasts: 0 }]);
  for (const [at, id] of ids.entries()) {
    expect([at, (await ledger.execution(id)) === null]).toEqual([at, at < 5]);
    expect([at, existsSync(join(logs, `${id}.run.log`))]).toEqual([at, at >= 5]);
    expect([at, existsSync(join(logs, `${id}.dry_run.log`))]).toEqual([at, at >= 5]);
  }
  expect(await retention.pass()).toBe(0);
});

test('a clock that is years ahead forgets nothing, nor does a process that has not the turn', async () => {
  const logs = tempDir();
  const ledger = await sqliteStore().open();
  await runs(ledger, logs, 8);
  expect(await retentionAt(ledger, logs, () => NOW + 4000 * DAY, 100 * DAY).pass()).toBe(0);
  await runOnce(ledger, inputAbout({ now: NOW + 200 * DAY }));
  const clock = () => NOW + 200 * DAY;
  await ledger.retention.turn(clock(), 1_000);
  expect(await retentionAt(ledger, logs, clock, 100 * DAY).pass()).toBe(0);
  await ledger.retention.endTurn();
  expect(await retentionAt(ledger, logs, clock, 100 * DAY).pass()).toBeGreaterThan(0);
});

test.each([
  ['lately', 'UPDATE executions SET started_at = started_at - 1 WHERE seq = 8', /^execution 8 is not what/],
  ['in a decision', "UPDATE decisions SET reason = 'cooldown' WHERE seq = 3", /^decision 3 is not what/],
  ['by taking a run out', 'DELETE FROM executions WHERE seq = 2', /^execution 2 is not what/],
])('what was changed in the file %s is told with each pass', async (_how, sql, problem) => {
  const logs = tempDir();
  const store = sqliteStore();
  const ledger = await store.open();
  await runs(ledger, logs, 8);
  const [told, fitted]: [object[], boolean[]] = [[], []];
  const retention = retentionAt(ledger, logs, () => NOW + 8 * DAY, 400 * DAY, told, fitted);
  const file = new DatabaseSync(store.path);
  await retention.pass();
  expect([told, fitted]).toEqual([[], [true]]);
  file.exec(sql);
  await retention.pass();
  await retention.pass();
  expect(told).toEqual(Array.from({ length: 2 }, () => ({ problem: expect.stringMatching(problem) })));
  expect(fitted).toEqual([true, false, false]);
  file.close();
});
