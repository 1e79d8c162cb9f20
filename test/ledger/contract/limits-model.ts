import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DecisionInput } from '../../../src/decision/decision.ts';
import { isFinal } from '../../../src/execution/execution.ts';
import type { Hold, Ledger, Unfinished } from '../../../src/ledger/ledger.ts';
import { DAY, HOUR, MINUTE, NOW, permittingPolicy, WEEK } from '../../support/decision.ts';
import type { TestStore } from '../contract.ts';
import { inputAbout, owner, step } from '../support.ts';

const WEEKLY = 2;
const DAILY = 3;
const ACTION = { playbook: 'disk-cleanup', max_executions_per_week: WEEKLY, cooldown_hours: 1 };
const POLICY = permittingPolicy({
  max_daily_executions: DAILY,
  retry_after: MINUTE,
  circuit_breaker: { failures: 99, reset_after: 1 },
});

type Scope = 'playbook' | 'resource';

const move = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('record'),
      ledger: fc.nat(1),
      resources: fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }),
      /** Begin and end at once what was claimed. */
      through: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('advance'), ledger: fc.nat(1), pick: fc.nat(3), ends: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('adopt'), ledger: fc.nat(1), pick: fc.nat(9) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('clock'),
      by: fc.oneof(
        fc.integer({ min: 0, max: 3 * HOUR }),
        fc.integer({ min: 0, max: 3 * DAY }),
        fc.integer({ min: -3 * DAY, max: 0 }),
        fc.constantFrom(WEEK, -365 * DAY, 365 * DAY),
      ),
    }),
  },
);
type Move = typeof move extends fc.Arbitrary<infer T> ? T : never;

interface Held {
  readonly hold: Hold;
  readonly resource: string;
}

/** What has really begun on the store, kept beside it over all histories. */
interface Model {
  readonly starts: { readonly at: number; readonly scope: string }[];
  now: number;
}

/** Drives two processes over one store through a history, and ends what it left unfinished. */
async function drive(
  model: Model,
  ledgers: readonly Ledger[],
  moves: readonly Move[],
  limit_scope: Scope,
): Promise<void> {
  const holds: Held[] = [];
  const scopeOf = (resource: string) => (limit_scope === 'playbook' ? 'all' : resource);
  const about = (resource: string): DecisionInput =>
    inputAbout({ resource, now: model.now, policy: POLICY, action: { ...ACTION, limit_scope } });

  /** A start leaves at most so many in the trailing window of its own clock, those in the future included. */
  function begun(resource: string): void {
    const { starts, now } = model;
    const scope = scopeOf(resource);
    const inScope = starts.filter((start) => start.scope === scope);
    expect(inScope.filter(({ at }) => at + WEEK > now).length).toBeLessThan(WEEKLY);
    expect(starts.filter(({ at }) => at + DAY > now).length).toBeLessThan(DAILY);
    expect(inScope.every(({ at }) => now >= at + HOUR)).toBe(true);
    starts.push({ at: now, scope });
  }

  async function record(first: number, resources: readonly number[]): Promise<readonly Held[]> {
    const claimed: Held[] = [];
    const inputs = resources.map((at) => about(`/${at}`));
    const order = [ledgers[first]!, ledgers[1 - first]!];
    const answers = await Promise.all(order.map((ledger, at) => ledger.record(inputs, owner(`process-${at}`))));
    for (const [at, { hold }] of answers.flatMap((recorded) => [...recorded.entries()])) {
      if (hold !== null) claimed.push({ hold, resource: `/${resources[at]}` });
    }
    holds.push(...claimed);
    return claimed;
  }

  async function advance(ledger: Ledger, { hold, resource }: Held, ends: boolean): Promise<void> {
    const state = (await ledger.execution(hold.execution_id))!.state;
    if (isFinal(state)) return;
    if (ends) {
      await ledger.advance(hold, step(state === 'running' ? 'failed' : 'expired', model.now));
    } else if (state !== 'running') {
      const draft = await ledger.begin(hold, about(resource), 'go');
      if (draft?.verdict === 'approved') begun(resource);
    }
  }

  async function adopt(ledger: Ledger, row: Unfinished): Promise<Held> {
    const hold = await ledger.adopt(row, owner('heir'));
    expect(hold).not.toBeNull();
    return { hold: hold!, resource: row.execution.prediction.resource };
  }

  for (const next of moves) {
    if ('by' in next) {
      model.now = Math.max(model.now + next.by, NOW);
      continue;
    }
    const ledger = ledgers[next.ledger]!;
    if ('resources' in next) {
      const claimed = await record(next.ledger, next.resources);
      for (const held of next.through ? claimed : []) {
        await advance(ledger, held, false);
        await advance(ledger, held, true);
      }
    } else if ('ends' in next) {
      const held = holds.at(-1 - next.pick);
      if (held !== undefined) await advance(ledger, held, next.ends);
    } else {
      const rows = await ledger.unfinished();
      const row = rows[next.pick % Math.max(1, rows.length)];
      if (row !== undefined) holds.push(await adopt(ledger, row));
    }
    const unfinished = (await ledger.unfinished()).map(({ execution }) => scopeOf(execution.prediction.resource));
    expect(new Set(unfinished).size).toBe(unfinished.length);
  }
  for (const row of await ledgers[0]!.unfinished()) await advance(ledgers[0]!, await adopt(ledgers[0]!, row), true);
  const recorded = await ledgers[1]!.runsSince(ACTION.playbook, 'live', 0);
  expect(recorded.map(({ started_at }) => started_at)).toEqual(
    model.starts.map(({ at }) => at).toSorted((a, b) => b - a),
  );
}

export function limitsModel(newStore: () => TestStore): void {
  test.each(['playbook', 'resource'] as const)(
    'no interleaving over two processes and a jumping clock breaks a limit (scope: %s)',
    async (scope) => {
      const store = newStore();
      const ledgers = [await store.open(), await store.open()];
      const model: Model = { starts: [], now: NOW };
      await fc.assert(
        fc.asyncProperty(fc.array(move, { minLength: 20, maxLength: 60, size: 'max' }), async (moves) => {
          model.now = Math.max(model.now, ...model.starts.map(({ at }) => at)) + 30 * DAY;
          await drive(model, ledgers, moves, scope);
        }),
        { numRuns: 25 },
      );
      expect(model.starts.length).toBeGreaterThan(15);
    },
    60_000,
  );
}
