import fc from 'fast-check';
import type { DecisionRow, Delivery, ExecutionRow, History, Limit, Outage, Step, Told } from './history-checker.ts';

export const COOLDOWN = 60_000;
const LIMITS: readonly Limit[] = [
  { runs: 3, per: 400_000, within: 'scope' },
  { runs: 5, per: 400_000, within: 'all', playbook: 'mend' },
];

/** What happens next: to one of the scopes, so long after what came before, to services of which one may be in trouble. */
interface Happening {
  readonly scope: number;
  readonly after: number;
  readonly process: number;
  readonly fate:
    | 'runs'
    | 'fails'
    | 'stopped by a check'
    | 'dies before it runs'
    | 'dies in its run'
    | 'sleeps in its run';
  /** The answer does not arrive. */
  readonly unheard: boolean;
  readonly dies: 'no' | 'after it told of it';
}

const happenings: fc.Arbitrary<readonly Happening[]> = fc.array(
  fc.record({
    scope: fc.nat(2),
    after: fc.integer({ min: 1, max: 90_000 }),
    process: fc.nat(3),
    fate: fc.constantFrom(
      'runs',
      'fails',
      'stopped by a check',
      'dies before it runs',
      'dies in its run',
      'sleeps in its run',
    ),
    unheard: fc.boolean(),
    dies: fc.constantFrom('no', 'after it told of it'),
  }),
  { maxLength: 40 },
);

interface Writing {
  readonly deliveries: Delivery[];
  readonly executions: ExecutionRow[];
  readonly decisions: DecisionRow[];
  readonly records: string[];
  readonly steps: Step[];
  readonly told: Told[];
  readonly outages: Outage[];
}

/** Histories of services that keep every rule, with whatever befalls them. */
export const soundHistories: fc.Arbitrary<History> = happenings.map((all) => {
  const history: Writing = {
    deliveries: [],
    executions: [],
    decisions: [],
    records: [],
    steps: [],
    told: [],
    outages: [],
  };
  let now = 1_000_000;
  for (const [at, happening] of all.entries()) {
    now += happening.after;
    now = happen(history, happening, `e${at}`, now);
  }
  return { ...history, cooldown: COOLDOWN, limits: LIMITS };
});

/** One alert, and what comes of it until it is over; when that is. */
function happen(history: Writing, { scope, process, fate, unheard, dies }: Happening, id: string, now: number): number {
  const place = `mend /data/${scope}`;
  const decide = (verdict: string, reason: string, execution_id: string | null): void => {
    const decision = { id: `d-${id}`, verdict, reason, execution_id };
    history.decisions.push({ ...decision, repeats: 0 });
    history.deliveries.push({
      status: unheard ? null : 200,
      process: `p${process}`,
      decisions: unheard ? [] : [decision],
    });
  };
  const held = heldBy(history.executions, place, now);
  if (held !== null) {
    decide('deferred', held, null);
    return now;
  }
  decide('approved', 'approved', id);
  const step = (
    at: number,
    state: string,
    fence: number,
    started_at: number | null,
    finished_at: number | null,
  ): void => void history.steps.push({ id, at, state, fence, started_at, finished_at });
  step(now, 'claimed', 1, null, null);
  step(now + 5, 'checking', 1, null, null);
  let fence = 1;
  let started_at: number | null = null;
  if (fate === 'dies before it runs') {
    step(now + 9_000, 'checking', ++fence, null, null);
    step(now + 9_001, 'checking', fence, null, null);
  }
  if (fate !== 'stopped by a check') {
    step(now + 9_010, 'dry_run', fence, null, null);
    started_at = now + 9_020;
    step(started_at, 'running', fence, started_at, null);
    history.records.push(`dry_run ${id} /data/${scope} @${now + 9_011}`, `run ${id} /data/${scope} @${started_at + 3}`);
    if (fate !== 'dies in its run') history.records.push(`run-end ${id} @${started_at + 2_000}`);
    if (fate === 'sleeps in its run') step(started_at + 9_000, 'running', ++fence, started_at, null);
  }
  const finished_at = now + 30_000;
  const state = STATE[fate];
  step(finished_at, state, fence, started_at, finished_at);
  const counts_as = started_at === null ? null : 'live';
  const names = { playbook: 'mend', resource: `/data/${scope}`, host: null, scope: place };
  history.executions.push({
    id,
    state,
    ...names,
    decision_id: `d-${id}`,
    claimed_at: now,
    started_at,
    finished_at,
    counts_as,
  });
  if (started_at !== null) tell(history, id, finished_at, `p${process}-${id}`, dies);
  return finished_at;
}

const STATE: Readonly<Record<Happening['fate'], string>> = {
  runs: 'succeeded',
  fails: 'failed',
  'stopped by a check': 'rejected',
  'dies before it runs': 'succeeded',
  'dies in its run': 'interrupted',
  'sleeps in its run': 'interrupted',
};

/** Whoever dies before it noted that it told of a run leaves it to be told again, once its lease is over. */
function tell(
  { told, outages }: Writing,
  execution_id: string,
  at: number,
  process: string,
  dies: Happening['dies'],
): void {
  told.push({ execution_id, at: at + 10, process });
  if (dies === 'no') return;
  outages.push({ process, how: 'killed', from: at + 12, until: Number.POSITIVE_INFINITY });
  told.push({ execution_id, at: at + 60_020, process: 'another' });
}

/** As the gates would say it; null where nothing holds. A run counts from when it began. */
function heldBy(executions: readonly ExecutionRow[], scope: string, now: number): string | null {
  const started = executions.flatMap((row) => (row.started_at === null ? [] : [{ ...row, at: row.started_at }]));
  const since = (from: number, rows: readonly { at: number }[]) => rows.filter(({ at }) => at > from).length;
  const own = started.filter((row) => row.scope === scope);
  if (since(now - COOLDOWN, own) > 0) return 'cooldown';
  if (since(now - 400_000, own) >= 3 || since(now - 400_000, started) >= 5) return 'limit';
  return null;
}
