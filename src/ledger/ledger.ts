import type { Decision, DecisionInput, Draft, Facts, PastRun, Pause } from '../decision/decision.ts';
import type { Answered, CheckResult, Execution, ExecutionState, PhaseOutcome } from '../execution/execution.ts';
import type { Masking, VerifiedRun } from '../execution/gains.ts';
import type { Judgement } from '../execution/judgement.ts';
import type { ExecutionReport, Report, ReportChannel, ReportDraft } from '../execution/report.ts';
import type { LedgerSummary } from '../execution/summary.ts';
import type { Verify } from '../mapping/mapping.ts';
import type { Target } from '../prediction/prediction.ts';
import type { PastStore } from '../replay/record.ts';
import type { RetentionStore } from './retention.ts';
import type { ScoreStore } from './scores.ts';
import type { ChainStore } from './sealing.ts';
import type { ForecastStore, SampleStore, ValueStore } from './stores.ts';

/** The store cannot be read or written now; the caller answers 503 and starts nothing. */
export class LedgerUnavailable extends Error {
  override readonly name = 'LedgerUnavailable';
}

/** The store can be opened but not used: foreign, damaged, or of a newer version. The message says what to do. */
export class LedgerUnusable extends Error {
  override readonly name = 'LedgerUnusable';
}

/** Which process this is: how others find out whether the owner of an execution still lives. */
export interface Instance {
  readonly id: string;
  /** Where process numbers mean the same: kernel boot and process namespace. */
  readonly host_key: string;
  readonly pid: number;
  /** Start time of the process in kernel ticks since boot (`/proc/PID/stat`), tells a reused pid apart. */
  readonly pid_started: number;
}

/** The right to move one execution on. A write with a fence that is no longer the row's changes nothing. */
export interface Hold {
  readonly execution_id: string;
  readonly fence: number;
}

/** A decision on record, and the hold on its execution where the decision claimed one. */
export interface Recorded {
  readonly decision: Decision;
  readonly hold: Hold | null;
}

/** One step of an execution; the fields that are given replace those on record. */
export interface Advance {
  readonly to: ExecutionState;
  readonly at: number;
  readonly message: string;
  readonly safety_checks?: readonly CheckResult[];
  readonly dry_run?: PhaseOutcome;
  readonly run?: PhaseOutcome;
  /**
   * What this step adds to the arithmetic of cooldowns and limits: `live` on the step to `running`, `rehearsal` where a
   * dry run in global dry run mode stands for the run. Omitted: nothing.
   */
  readonly counts_as?: 'live' | 'rehearsal';
  /** On the step to `succeeded`: it is verified this long after it, milliseconds, by this expectation (null: the forecast). */
  readonly verify?: Verify;
  /** Where the execution, as it stands after this step, is reported; the reports leave in the same transaction. */
  readonly reports?: readonly ReportChannel[];
}

/** A run whose outcome is to be found out now. */
export interface Due {
  readonly execution: Execution;
  /** What was expected when it ran; null: the forecast decides. */
  readonly expect: string | null;
}

/** What was found out about a run. */
export interface Verdict extends Judgement {
  readonly at: number;
  /** Less than this, in days, is told to people; null: nothing is too little. */
  readonly min_days_gained: number | null;
  /** Where the outcome is reported; the reports leave in the same transaction. */
  readonly reports: readonly ReportChannel[];
}

export interface VerdictOnRecord {
  /** As it stands now. */
  readonly execution: Execution;
  /** The verified runs of its target, newest first, itself among them where its outcome is not `unknown`. */
  readonly runs: readonly VerifiedRun[];
  /** What people have to look at, and were not told of before; null: nothing. */
  readonly masking: Masking | null;
}

/** An answer to an execution that waits for confirmation. */
export interface GivenAnswer extends Answered {
  readonly approve: boolean;
  readonly message: string;
  /** Where the answered execution is reported; the reports leave in the same transaction. */
  readonly reports?: readonly ReportChannel[];
}

export interface AnswerOnRecord {
  /** As it stands after the answer. */
  readonly execution: Execution;
  /** The right to carry it on; null where it was denied or has no owner. */
  readonly hold: Hold | null;
}

/** A pause that is over, with how many decisions it refused, repeats among them. */
export interface EndedPause extends Pause {
  readonly refused: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque; pass as `before` for the next page; null at the end. */
  readonly next: string | null;
}

export interface ExecutionFilter {
  readonly playbook?: string;
  readonly state?: ExecutionState;
  readonly limit: number;
  readonly before?: string;
}

/**
 * The record, and the only authority over claims, cooldowns and limits. Every method that writes resolves only when the
 * write is durable, and rejects with `LedgerUnavailable` within two seconds when it cannot be done now; what was
 * rejected may still have been written (a slow disk), so callers repeat only what is safe to repeat.
 */
export interface Ledger {
  /** What the gates need for this input, as of now. `except` leaves one execution (its own) out. */
  facts(input: DecisionInput, except?: string): Promise<Facts>;

  /**
   * The decision on record that `draft` only repeats: the newest one of the same target with the same reason, a refusal.
   * Counted there in memory and written back within a minute and at `close`. Null when it repeats nothing.
   */
  repeat(input: DecisionInput, draft: Draft): Promise<Decision | null>;

  /**
   * As long as this is the same number nothing that was read here has changed. Null where that cannot be told at once, as
   * where the store is a server, or cannot be read now.
   */
  moment(): number | null;

  /**
   * Counts what `repeat` gave once more, at `at` (epoch milliseconds), like `repeat` does: as it stands then. For as long as
   * the moment is the one from before the facts that led to it. Null where it is no repeat of what is on record.
   */
  again(decision: Decision, at: number): Decision | null;

  /** Counts an ignored alert, which is not kept. In memory, written back like repeats. */
  countIgnored(input: DecisionInput, draft: Draft): void;

  /**
   * Gathers the facts again, decides, writes the decision and, when approved, claims an execution for `owner`: all in one
   * transaction per input, in their order; inputs that wait at the same time share a commit. A repeat that slipped in
   * between is answered like `repeat` does. An escalation leaves with its report to Discord, in the same transaction.
   */
  record(inputs: readonly DecisionInput[], owner: Instance): Promise<readonly Recorded[]>;

  /** Moves an execution on; false when the hold is lost (another process took over) or the state is already final. */
  advance(hold: Hold, step: Advance): Promise<boolean>;

  /**
   * The step to `running`, with the last look in the same transaction: gathers the facts again without this execution,
   * decides on `input`, and only where that is approved moves it on (`counts_as: 'live'`, `started_at: input.now`). The
   * draft says why not, and then nothing was written. Null: the hold is lost. Asking again is safe: an execution that this
   * hold already moved to `running`, and that has no process noted yet, is only looked at once more.
   */
  begin(hold: Hold, input: DecisionInput, message: string): Promise<Draft | null>;

  /**
   * Answers an execution that waits for confirmation: one conditional update, so that one answer wins over all others.
   * Approved, it stays `awaiting_approval` until `begin`, under a new fence, for `owner`; without an owner whoever looks
   * for orphans first carries it on. Denied, it is final. Null: somebody else answered first, or it does not wait.
   */
  answer(id: string, owner: Instance | null, given: GivenAnswer): Promise<AnswerOnRecord | null>;

  /** Runs whose outcome is to be found out by `at`, the longest overdue first. */
  due(at: number, limit: number): Promise<readonly Due[]>;

  /**
   * Puts the outcome of a run on record, once: of any number of processes one gets an answer, the others null. What it says
   * about the target beside its earlier runs is found out, and escalated to Discord, in the same transaction.
   */
  verify(id: string, verdict: Verdict): Promise<VerdictOnRecord | null>;

  /** Days that the last verified run of a playbook bought; null where that is no number, or none was verified. */
  lastGain(playbook: string): Promise<number | null>;

  /** Notes the process group that runs for this execution, for the case that this process dies. False: hold lost. */
  noteProcess(hold: Hold, process: { readonly pid: number; readonly pid_started: number }): Promise<boolean>;

  /** Says that this process lives. To be called every 2 s while it holds unfinished executions. */
  heartbeat(instance: Instance, at: number): Promise<void>;

  /** Unfinished executions and their owners, for finding those whose owner died. */
  unfinished(): Promise<readonly Unfinished[]>;

  /**
   * Takes an execution over from an owner that died: a new fence, if the row still has the old one and its owner has not said
   * meanwhile that it lives. Null when lost.
   */
  adopt(row: Unfinished, owner: Instance): Promise<Hold | null>;

  execution(id: string): Promise<Execution | null>;
  executions(filter: ExecutionFilter): Promise<Page<Execution>>;
  decisions(filter: { readonly limit: number; readonly before?: string }): Promise<Page<Decision>>;
  decision(id: string): Promise<Decision | null>;

  pauses(): Promise<readonly Pause[]>;
  /** Sets or replaces the pause of that name. */
  pause(pause: Pause): Promise<void>;
  /** Lifts the named pause, or all when null; the number lifted. */
  resume(name: string | null): Promise<number>;
  /** The same, with the pauses that were lifted and what they refused. */
  lift(name: string | null): Promise<readonly EndedPause[]>;
  /** Pauses whose time is over for two seconds; each is told once over all processes on the store. */
  takeEndedPauses(): Promise<readonly EndedPause[]>;
  /** Decisions that the kill switch refused since an instant, newest first, by when they last came. */
  refusedSince(since: number, limit: number): Promise<readonly Decision[]>;

  /** Takes up to `limit` due reports of a channel, oldest first; nobody else gets them for `lease` milliseconds. */
  takeReports(channel: ReportChannel, now: number, limit: number, lease: number): Promise<readonly Report[]>;
  /** Off the queue: told, or given up. What became of an execution's reports stays on record. */
  reportDone(id: number, result: 'delivered' | 'dropped'): Promise<void>;
  /** Not delivered: try again at `nextAt`. */
  reportFailed(id: number, nextAt: number): Promise<void>;
  /** What became of the reports of an execution: settled ones in their order, then those that wait. */
  reportsOf(executionId: string): Promise<readonly ExecutionReport[]>;
  /** Drops reports older than `before`; the number dropped. */
  dropReports(before: number): Promise<number>;

  /** What counted towards a playbook's limits since an instant (`live` runs, or `rehearsal`s), newest first, at most 10,000. */
  runsSince(
    playbook: string,
    counted: 'live' | 'rehearsal',
    since: number,
  ): Promise<readonly (PastRun & { readonly resource: string; readonly host: string | null })[]>;

  /** What was tried for a target: its last runs, and what a check or a dry run stopped, newest first. */
  attemptsOf(target: Target, limit: number): Promise<readonly Execution[]>;
  /** Puts a report on the queue, once for a mark over all processes, until the mark is forgotten; whether it did. */
  reportOnce(mark: string, draft: ReportDraft): Promise<boolean>;
  /** Whether there was such a mark. */
  forgetReport(mark: string): Promise<boolean>;

  /** What the service measured on its own machine. */
  readonly samples: SampleStore;
  /** What was forecast last. */
  readonly forecasts: ForecastStore;
  /** What forecasts were made that could have led to an action, and what became of them. */
  readonly scores: ScoreStore;
  /** What decisions and executions are held against. */
  readonly chain: ChainStore;
  /** Forgets what is old and not needed. */
  readonly retention: RetentionStore;
  /** What was decided and run, to be decided on again. */
  readonly past: PastStore;

  /** Notes that a `run` pass ended, for `last_run`. */
  notePass(at: number): Promise<void>;
  summary(now: number): Promise<LedgerSummary>;
  /** Predictions by hand and marks that may be forgotten; the storage behind keyv. */
  readonly values: ValueStore;
  /** Changes whenever anything on the store changed, by any process. */
  version(): Promise<number>;
  /**
   * Rejects with `LedgerUnavailable` where this process cannot decide: the store cannot be read, only reads, or a newer
   * version has changed its schema meanwhile. Takes no lock and writes nothing.
   */
  usable(): Promise<void>;

  /** Writes back what is counted in memory and closes. Safe to call twice. */
  close(): Promise<void>;
}

export interface Unfinished {
  readonly execution: Execution;
  readonly fence: number;
  readonly owner: Instance | null;
  /** The owner's last heartbeat, epoch milliseconds by its own clock. */
  readonly heartbeat_at: number | null;
  readonly process: { readonly pid: number; readonly pid_started: number } | null;
}
