import { type Ledger, LedgerUnavailable } from '../../src/ledger/ledger.ts';
import type { LimitScope } from '../../src/mapping/mapping.ts';
import type { Bench } from '../bench.ts';
import { type Engine, openStore, startEngines } from '../engines.ts';
import { approvedInput, DAY, INSTANCE, mappingTo } from '../past.ts';
import { median, medianRatio } from '../statistics.ts';
import { milliseconds, type Row, times } from '../table.ts';

const PLAYBOOK = 'cleanup';
/** A question counts as flat while it costs at most so many times what it costs with a short past. */
const AIM = 1.5;
const SHORT = 1_000;
/** The long past is of so many years, and the short one its end: the last day of both is the same. */
const YEARS = 5;
const SCOPES: readonly LimitScope[] = ['playbook', 'resource', 'host'];
const TOGETHER = 100;

interface Pair {
  readonly short: number[];
  readonly long: number[];
}

/** What decisions and pages cost on a long past, beside a short one, and how large that past is. */
export async function history(bench: Bench): Promise<readonly Row[]> {
  const engines = await startEngines(bench);
  try {
    const rows: Row[] = [];
    for (const engine of engines) rows.push(...(await historyOf(engine, bench)));
    return rows;
  } finally {
    for (const engine of engines) await engine.stop();
  }
}

async function historyOf(engine: Engine, bench: Bench): Promise<readonly Row[]> {
  const apart = Math.floor((YEARS * 365 * DAY) / bench.executions);
  const stores = { short: engine.create(), long: engine.create() };
  for (const [name, executions] of [
    ['short', SHORT],
    ['long', bench.executions],
  ] as const) {
    await engine.fill(stores[name], { executions, playbook: PLAYBOOK, resources: 10_000, hosts: 200, apart });
  }
  const bytes = (['executions', 'decisions'] as const).map((table) => bytesRow(engine, stores.long, table, bench));
  const ledgers = { short: await openStore(stores.short), long: await openStore(stores.long) };
  try {
    const size = `${count(bench.executions)} past executions`;
    const row = (what: string, pair: Pair, each: string): Row => {
      const ratio = medianRatio(pair.long, pair.short);
      return {
        what: `${engine.name}: ${what} with ${size}`,
        figure: `${milliseconds(median(pair.long))}${each}`,
        ratio: `${times(ratio)} of ${count(SHORT)} (${milliseconds(median(pair.short))})`,
        aim: `flat: <= ${AIM}`,
        met: ratio <= AIM,
      };
    };
    return [
      row('decision, not recorded,', await inTurns(ledgers, bench, decisions), ''),
      row(`${TOGETHER} claims in a body, committed,`, await inTurns(ledgers, bench, claims), ''),
      row('what /metrics and the status page ask', await inTurns(ledgers, bench, pages), ''),
      await waitingRow(engine, ledgers.long),
      ...bytes,
    ];
  } finally {
    await ledgers.short.close();
    await ledgers.long.close();
  }
}

/** Medians of short runs on each in turn. */
async function inTurns(
  ledgers: Readonly<Record<keyof Pair, Ledger>>,
  { quick, rounds }: Bench,
  work: (ledger: Ledger, from: number) => Promise<void>,
): Promise<Pair> {
  const pair: Pair = { short: [], long: [] };
  const repeats = quick ? 2 : 20;
  for (let round = -1; round < rounds; round++) {
    for (const name of ['short', 'long'] as const) {
      const each: number[] = [];
      for (let at = 0; at < repeats; at++) {
        const began = performance.now();
        await work(ledgers[name], (round + 1) * repeats + at).catch(late);
        each.push(performance.now() - began);
      }
      if (round >= 0) pair[name].push(median(each));
    }
  }
  return pair;
}

/** What was not answered in time took that long; a median stands it. */
function late(error: unknown): void {
  if (!(error instanceof LedgerUnavailable)) throw error;
}

/** One of each scope, with limits that look at runs; about a target that was not asked about lately. */
async function decisions(ledger: Ledger, from: number): Promise<void> {
  for (const [at, limit_scope] of SCOPES.entries()) {
    const mapping = mappingTo(PLAYBOOK, { limit_scope, max_executions_per_week: 7, cooldown_hours: 48 });
    const input = approvedInput(mapping, Date.now(), `/volume-${(from * 7 + at) % 10_000}`, `host-${from % 200}`);
    await ledger.facts({ ...input, policy: { ...input.policy, max_daily_executions: 20 } });
  }
}

/** Claims of targets that never ran, so that both stores do the same. */
async function claims(ledger: Ledger, from: number): Promise<void> {
  const mapping = mappingTo(PLAYBOOK, { limit_scope: 'resource', max_executions_per_week: 7, cooldown_hours: 48 });
  const inputs = Array.from({ length: TOGETHER }, (_, at) =>
    approvedInput(mapping, Date.now(), `/new-${from * TOGETHER + at}`, 'new'),
  );
  const recorded = await ledger.record(inputs, INSTANCE);
  const refused = recorded.find(({ hold }) => hold === null);
  if (refused !== undefined) throw new Error(`not claimed: ${refused.decision.message}`);
}

async function pages(ledger: Ledger, from: number): Promise<void> {
  const now = Date.now();
  await ledger.summary(now);
  await ledger.due(now, 100);
  await ledger.runsSince(PLAYBOOK, 'live', now - DAY + (from % 1_000));
  await ledger.executions({ limit: 50 });
  await ledger.executions({ playbook: PLAYBOOK, state: 'succeeded', limit: 50 });
  await ledger.decisions({ limit: 50 });
}

/** Each process looks every two seconds for executions whose owner died: by then all those claims wait. */
async function waitingRow(engine: Engine, ledger: Ledger): Promise<Row> {
  const each: number[] = [];
  let waiting = 0;
  for (let at = 0; at < 10; at++) {
    const began = performance.now();
    waiting = (await ledger.unfinished()).length;
    each.push(performance.now() - began);
  }
  return {
    what: `${engine.name}: ${count(waiting)} executions that wait, all looked through`,
    figure: milliseconds(median(each)),
    ratio: `${times((median(each) / waiting) * 1_000)} ms a thousand`,
    aim: '',
    met: null,
  };
}

function bytesRow(engine: Engine, store: string, table: 'executions' | 'decisions', { executions }: Bench): Row {
  const bytes = engine.bytes(store, table);
  const megabytes = Math.round(bytes / 1e6);
  return {
    what: `${engine.name}: bytes of one of ${count(executions)} ${table}, with its indexes`,
    figure: `${count(Math.round(bytes / executions))} B`,
    ratio: `${count(megabytes)} MB in all`,
    aim: '',
    met: null,
  };
}

const count = (number: number): string => number.toLocaleString('en-US');
