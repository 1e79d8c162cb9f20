import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite/open.ts';
import { type Replayed, replay } from '../../src/replay/replay.ts';
import { type Change, mappingOfThen, ninetyDays, START } from '../support/ninety-days.ts';
import { readText } from '../support/source-text.ts';
import { tempDir } from '../support/temp.ts';

const POLICIES: Readonly<Record<string, Change>> = {
  'as it was': {},
  careful: {
    action: {
      cooldown_hours: 120,
      max_executions_per_week: 1,
      allowed_hours: { from: 60, to: 300, text: '01:00-05:00' },
    },
  },
  eager: {
    conditions: { min_days_until_critical: 1, max_days_until_critical: 20 },
    action: { cooldown_hours: 12, max_executions_per_week: 4, limit_scope: 'resource' },
  },
};

const open = (now: () => number) => openSqliteLedger({ path: join(tempDir(), 'forestall.db'), now });
const under = (ledger: Ledger, change: Change) =>
  replay(ledger.past, { since: START, mapping: mappingOfThen(change), localZone: 'UTC' });

let ledger: Ledger;
beforeAll(async () => {
  ledger = await ninetyDays(open);
}, 120_000);
afterAll(() => ledger.close());

/** Rows of the page's table. */
function rowsOf(policy: string, { flips, playbooks }: Replayed, lived: Replayed): readonly string[] {
  return playbooks.map(({ playbook, runs_before, runs_after, saved, added, held_by: [most] }) => {
    const own = flips.filter(({ was }) => was.playbook === playbook);
    const verdicts = own.filter(({ was, would_be }) => was.verdict !== would_be.verdict);
    const held = `\`${most?.reason}\` (${most?.decisions})`;
    const livedRuns = lived.playbooks.find((one) => one.playbook === playbook)?.runs_before;
    const cells = [
      policy,
      playbook,
      own.length,
      verdicts.length,
      runs_before,
      runs_after,
      saved,
      added,
      held,
      livedRuns,
    ];
    return `| ${cells.join(' | ')} |`;
  });
}

test.for(Object.entries(POLICIES))(
  'ninety days under another policy, and lived under it: %s',
  { timeout: 120_000 },
  async ([policy, change]) => {
    const replayed = await under(ledger, change);
    const other = await ninetyDays(open, change);
    const lived = await under(other, change);
    await other.close();
    expect(lived).toMatchObject({ flips: [], unexplained: 0, without_basis: 0 });
    expect(replayed).toMatchObject({ unexplained: 0, without_basis: 0 });
    const told = readText('docs/replay.md')
      .split('\n')
      .filter((line) => line.startsWith(`| ${policy} |`));
    expect(rowsOf(policy, replayed, lived)).toEqual(told);
  },
);

test('the ninety days hold all that they are said to', async () => {
  const { items } = await ledger.decisions({ limit: 500 });
  const reasons = new Set(items.map(({ reason }) => reason));
  expect([...reasons]).toEqual(
    expect.arrayContaining(['approved', 'cooldown', 'weekly_limit', 'too_urgent', 'stale_prediction', 'kill_switch']),
  );
  expect(new Set(items.map(({ target }) => target?.resource))).toEqual(new Set(['/', '/srv/media', 'system_memory']));
  const { items: executions } = await ledger.executions({ limit: 500 });
  const ends = new Set(executions.map(({ state, outcome }) => outcome ?? state));
  expect(ends).toEqual(new Set(['effective', 'ineffective', 'failed', 'rejected']));
});
