import { readFileSync } from 'node:fs';
import type { Random } from '../../scripts/forecaster/random.ts';
import { DEFAULT_DEMAND } from '../../src/accuracy/proof.ts';
import { decide } from '../../src/decision/decide.ts';
import { type DecisionInput, type Facts, NO_FACTS, type PastRun, type Policy } from '../../src/decision/decision.ts';
import type { Reason } from '../../src/decision/reason.ts';
import type { Execution } from '../../src/execution/execution.ts';
import { newlyMasked, type VerifiedRun } from '../../src/execution/gains.ts';
import { judge } from '../../src/execution/judgement.ts';
import { findMapping } from '../../src/mapping/match.ts';
import { readActionMapping } from '../../src/mapping/read.ts';
import { forecastSeries } from '../../src/prediction/forecast-series.ts';
import type { Prediction } from '../../src/prediction/prediction.ts';
import { consecutiveInWindow, inWindow } from '../../src/prediction/window.ts';
import { CRITICAL, type Disk, daysToIncident } from './disk.ts';

/** The mapping that is shipped, out of dry run mode. */
const MAPPING = readActionMapping(
  JSON.parse(readFileSync(new URL('../../config/action-mapping.json', import.meta.url), 'utf8')),
  { playbooks: null, facts: null, fleets: new Set() },
).mapping!;
const TARGET = { prediction_type: 'disk_exhaustion', resource: '/', host: null };
const SOURCE = 'forecast:local';
const mapping = findMapping(MAPPING, TARGET)!;
const { conditions, action } = mapping;

const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 1);
/** An alert waits so long (`rules.for`); a playbook takes as long. */
const MINUTES = 5 * 60_000;
/** What the playbook would not bother to delete: its dry run says that there is nothing to do. */
const LEAST = 0.002;
/** Shares of runs that fail, and that end well and free nothing. */
const FAILS = 0.04;
const IDLE = 0.04;
/** Of what can be deleted. */
const FREES = [0.6, 0.95] as const;
/** How far the future of a run is followed. */
const FOLLOWED = 60;
const FORTNIGHT = 14;

/** As in a configuration that says nothing of it. */
const POLICY: Policy = {
  enable_auto_remediation: true,
  dry_run_mode: false,
  max_daily_executions: MAPPING.global_settings.max_daily_executions,
  exclude: [],
  stale_after: 26 * HOUR,
  retry_after: HOUR,
  circuit_breaker: { failures: 3, reset_after: 24 * HOUR },
  time_zone: 'UTC',
  proof: DEFAULT_DEMAND,
};

export interface Run {
  readonly hour: number;
  readonly execution: Execution;
  readonly freed: number;
  /** Nothing was freed, or nothing would have become critical within a fortnight. */
  readonly wasted: boolean;
  /** By how many days the next incident moved away, at most 60: what came with the run beside what would have come without. */
  readonly moved: number;
}

/** What was decided in an hour in which an alert was firing. */
export interface Said {
  readonly hour: number;
  readonly reason: Reason | 'ran' | 'nothing_to_do' | 'rejected';
}

/** Forestall on one machine with one disk: its forecaster and its decisions are the real ones, its ledger is this. */
export interface Service {
  /** After the disk was measured. */
  hour(disk: Disk, isBackup: boolean): void;
  readonly runs: readonly Run[];
  readonly said: readonly Said[];
  readonly escalations: number;
}

export interface ServiceOptions {
  /** Hours between two forecasts. */
  readonly every: number;
  /** Days. */
  readonly lookback: number;
  /** After how many hours people come who are told that they must act; null: they wait until the disk is full. */
  readonly answer: number | null;
  /** How the playbook's runs go. */
  readonly random: Random;
}

export function createService({ every, lookback, answer, random }: ServiceOptions): Service {
  const values: number[] = [];
  const runs: Run[] = [];
  const said: Said[] = [];
  let recent: readonly Prediction[] = [];
  let stopped: Facts['stopped'] = null;
  let escalated: string | null = null;
  let escalations = 0;

  function forecastNow(now: number): void {
    const last = values.slice(-(lookback * 24 + 1));
    const samples = last.map((value, i) => [now / 1000 - (last.length - 1 - i) * 3600, value] as const);
    const series = { target: TARGET, source: SOURCE, critical: CRITICAL, samples };
    const made = forecastSeries(series, now);
    recent = made.kind === 'forecast' ? [made.prediction, ...recent].slice(0, 16) : [];
  }

  function escalate(why: string, disk: Disk): void {
    if (escalated === why) return;
    escalated = why;
    escalations += 1;
    if (answer !== null) disk.call(answer);
  }

  function verifyDue(now: number, disk: Disk): void {
    for (const [at, run] of runs.entries()) {
      const { execution } = run;
      if (execution.verify_at === null || execution.outcome !== null || now < execution.verify_at) continue;
      const { outcome, message, days_after } = judge(execution, {
        now,
        stale_after: POLICY.stale_after,
        current: recent[0] ?? null,
        source: { source: SOURCE, up: true, problem: null, problems: 0, dated_at: recent[0]?.observed_at ?? null },
        check: null,
        heard: null,
        conditions,
      });
      runs[at] = {
        ...run,
        execution: { ...execution, outcome, outcome_message: message, days_after, verified_at: now },
      };
      if (outcome !== 'unknown' && newlyMasked(verified(), action.min_days_gained) !== null) {
        escalate(`masking ${execution.id}`, disk);
      }
    }
  }

  function verified(): readonly VerifiedRun[] {
    return runs
      .toReversed()
      .flatMap(({ execution: { id, started_at, outcome, days_before, days_after } }) =>
        outcome === null || outcome === 'unknown'
          ? []
          : [{ execution_id: id, started_at: started_at!, outcome, days_before, days_after }],
      );
  }

  /** As the ledger reads them. */
  function facts(now: number): Facts {
    const past = runs.toReversed().map(({ execution }): PastRun => {
      const { started_at, state, outcome } = execution;
      return {
        started_at: started_at!,
        state: state === 'failed' ? 'failed' : outcome === 'ineffective' ? 'ineffective' : 'succeeded',
      };
    });
    const open = runs.findLast(({ execution: { verify_at, outcome } }) => verify_at !== null && outcome === null);
    return {
      ...NO_FACTS,
      runs: past,
      all_runs: past.map(({ started_at }) => started_at),
      stopped: stopped !== null && stopped.at >= now - POLICY.retry_after ? stopped : null,
      settling:
        open === undefined
          ? null
          : {
              execution_id: open.execution.id,
              ended_at: open.execution.finished_at!,
              verify_at: open.execution.verify_at!,
            },
    };
  }

  function inputOf(prediction: Prediction, now: number): DecisionInput {
    return {
      trigger: 'webhook',
      mode: 'live',
      now,
      alert: null,
      target: TARGET,
      prediction,
      prediction_problem: null,
      mapping,
      unsafe_value: null,
      fleet: null,
      silence: null,
      consecutive: Math.max(1, consecutiveInWindow(recent, conditions)),
      policy: POLICY,
    };
  }

  /** Whether an alert made from the mapping fires: its window, or what is more urgent than that. */
  function isFiring(prediction: Prediction): boolean {
    return inWindow(prediction, { ...conditions, min_days_until_critical: null });
  }

  /** Checks, dry run and run. */
  function execute(prediction: Prediction, now: number, disk: Disk, isBackup: boolean): Said['reason'] {
    if (isBackup || disk.value >= 0.95) {
      stopped = { state: 'rejected', at: now };
      return 'rejected';
    }
    if (disk.freeable() < LEAST) {
      stopped = { state: 'nothing_to_do', at: now };
      return 'nothing_to_do';
    }
    const luck = random.share();
    const share = luck < FAILS + IDLE ? 0 : random.between(...FREES);
    const without = daysToIncident(disk.fork(), FOLLOWED);
    const freed = disk.clean(share);
    const within = daysToIncident(disk.fork(), FOLLOWED);
    const finished_at = now + MINUTES;
    const failed = luck < FAILS;
    runs.push({
      hour: disk.hour,
      freed,
      wasted: freed === 0 || without === null || without > FORTNIGHT,
      moved: (within ?? FOLLOWED) - (without ?? FOLLOWED),
      execution: {
        ...NOT_YET,
        id: `E${runs.length + 1}`,
        state: failed ? 'failed' : 'succeeded',
        playbook: action.playbook,
        mapping: mapping.id,
        prediction,
        claimed_at: now,
        started_at: now,
        finished_at,
        verify_at: failed ? null : finished_at + action.verify.after,
        days_before: prediction.days_until_critical,
      },
    });
    return 'ran';
  }

  return {
    hour(disk, isBackup) {
      const measured = START + disk.hour * HOUR;
      values.push(disk.value);
      if (disk.hour % every === 0) forecastNow(measured);
      const now = measured + MINUTES;
      verifyDue(now, disk);
      const [prediction] = recent;
      if (prediction === undefined || !isFiring(prediction)) {
        escalated = null;
        return;
      }
      const draft = decide(inputOf(prediction, now), facts(now));
      if (draft.verdict === 'escalated') escalate(draft.reason, disk);
      const reason = draft.verdict === 'approved' ? execute(prediction, now, disk, isBackup) : draft.reason;
      said.push({ hour: disk.hour, reason });
    },
    runs,
    said,
    get escalations() {
      return escalations;
    },
  };
}

const NOT_YET = {
  decision_id: '',
  trigger: 'webhook',
  mode: 'live',
  safety_checks: [],
  dry_run: null,
  run: null,
  verified_at: null,
  outcome: null,
  outcome_message: null,
  days_after: null,
  answered: null,
  message: '',
} as const;
