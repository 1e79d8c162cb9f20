import type { Config, PlaybookConfig } from '../config/config.ts';
import type { Decision } from '../decision/decision.ts';
import type {
  CheckResult,
  Execution,
  ExecutionState,
  Outcome,
  PhaseOutcome,
  ReportedState,
} from '../execution/execution.ts';
import type { ReadSource } from '../execution/judgement.ts';
import type { ReportChannel } from '../execution/report.ts';
import type { Instance, Ledger, VerdictOnRecord } from '../ledger/ledger.ts';
import type { Logger } from '../logger.ts';
import type { Prediction, Target } from '../prediction/prediction.ts';

/** One phase of a playbook, as the playbook room runs it. */
export interface PhaseRequest {
  readonly execution_id: string;
  readonly phase: 'dry_run' | 'run';
  readonly playbook: PlaybookConfig;
  readonly prediction: Prediction;
  readonly parameters: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Asked as the last thing before the program is started: why it must not be; null when it may. */
  readonly mayStart?: () => Promise<string | null>;
  /** Called with the process group once it runs, before the phase is waited for. */
  readonly onStarted?: (process: { readonly pid: number; readonly pid_started: number }) => Promise<void>;
}

export type Impact =
  | { readonly kind: 'go' }
  | { readonly kind: 'nothing_to_do' | 'rejected' | 'failed'; readonly message: string };

/** The hosts that a playbook may run on. */
export interface Fleet {
  readonly size: number;
  /** Why a host is none of them; null when it is one. */
  problemOf(host: string | null): string | null;
}

export interface Playbooks {
  /** Why a value that the playbook would get is refused; null when all are safe. */
  unsafeValue(
    playbook: PlaybookConfig,
    prediction: Prediction,
    parameters: Readonly<Record<string, string>>,
  ): string | null;
  /** As it was read last, at once; null for a playbook without an inventory, and while nothing is known of it. */
  fleet(playbook: PlaybookConfig): Fleet | null;
  /** Why the program must not be started now; null when it may. */
  inspect(playbook: PlaybookConfig): Promise<string | null>;
  /** Why it must not run on this host, by its inventory as it is now; null when it may. */
  refuses(playbook: PlaybookConfig, host: string | null): Promise<string | null>;
  runPhase(request: PhaseRequest): Promise<PhaseOutcome>;
  judgeImpact(
    dryRun: PhaseOutcome,
    limits: { readonly critical_services: readonly string[]; readonly max_downtime: number | null },
  ): Impact;
  /** Waits until nothing is left of an execution's processes; ends them at the deadline (milliseconds from now). */
  awaitSurvivors(
    executionId: string,
    process: { readonly pid: number; readonly pid_started: number } | null,
    deadline: number,
  ): Promise<void>;
}

export interface Predictions {
  /** The newest one known; null when nothing is known. */
  current(target: Target): Promise<Prediction | null>;
  /** Another object once anything changed but predictions by hand, which lie in the ledger. */
  generation(): object;
  /** Newest first, as far as this process has seen them. */
  recent(target: Target): readonly Prediction[];
  /** Durable when it resolves. */
  post(predictions: readonly Prediction[]): Promise<void>;
}

export interface Events {
  decided(decision: Decision): void;
  changed(change: {
    readonly execution_id: string;
    readonly playbook: string;
    readonly state: ExecutionState;
    readonly message: string;
  }): void;
  phaseEnded(phase: { readonly playbook: string; readonly phase: 'dry_run' | 'run'; readonly seconds: number }): void;
  /** The outcome of a run is on record. */
  verified(verdict: VerdictOnRecord): void;
}

export interface LoopOptions {
  readonly ledger: Ledger;
  readonly instance: Instance;
  /** True or false where it can be known whether the process lives; null where only its heartbeat tells. */
  readonly instanceIsGone: (instance: Instance) => boolean | null;
  readonly now: () => number;
  /** The configuration in force; asked anew each time, so that a reload holds from the next step on. */
  readonly config: () => Config;
  /** IANA name of the local one. Asked only where a mapping has hours: it takes 8 MB of time zone data to know. */
  readonly timeZone: () => string;
  readonly predictions: Predictions;
  /** The sources that are read, as they are now. */
  readonly sources: () => readonly ReadSource[];
  readonly checkSafety: (expressions: readonly string[], prediction: Prediction) => Promise<readonly CheckResult[]>;
  readonly playbooks: Playbooks;
  /** Where the end of an execution is told, or that it waits for confirmation. */
  readonly reportsFor: (execution: Execution, state: ReportedState) => Promise<readonly ReportChannel[]>;
  /** Where the outcome of a run is told. */
  readonly outcomeReportsFor: (outcome: Outcome) => readonly ReportChannel[];
  /** Reports are waiting in the ledger: deliver them. */
  readonly kickReports: () => void;
  readonly events: Events;
  readonly logger: Logger;
}
