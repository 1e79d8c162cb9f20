import type { Proof, ProofDemand } from '../accuracy/proof.ts';
import type { Mapping } from '../mapping/mapping.ts';
import type { Prediction, Target } from '../prediction/prediction.ts';
import type { Reason, Refusal, Verdict } from './reason.ts';

export type Trigger = 'webhook' | 'api' | 'run' | 'cli';

/** `live` acts; `dry-run` was asked to stop after the dry run, and neither asks nor spends cooldowns and limits. */
export type Mode = 'live' | 'dry-run';

export interface GateResult {
  readonly gate: Refusal;
  readonly outcome: 'pass' | 'stop' | 'skip';
  /** One sentence with the values compared. */
  readonly message: string;
}

/** What the alert itself says, before any prediction is looked at. Null for what no alert brought. */
export interface AlertSituation {
  /** Why the alert could not be read; null when it could. */
  readonly problem: string | null;
  readonly status: 'firing' | 'resolved';
  readonly alertname: string | null;
  readonly fingerprint: string | null;
  /** Epoch milliseconds; null when the alert could not be read. */
  readonly starts_at: number | null;
  /** False where it carries no `prediction_type`, or is one of Grafana's own (`DatasourceNoData`, …). */
  readonly is_prediction: boolean;
}

/** The settings of the service and of the mapping's `global_settings` that gates compare with. */
export interface Policy {
  readonly enable_auto_remediation: boolean;
  readonly dry_run_mode: boolean;
  readonly max_daily_executions: number | null;
  readonly exclude: readonly string[];
  /** Milliseconds. */
  readonly stale_after: number;
  /** Milliseconds. */
  readonly retry_after: number;
  readonly circuit_breaker: { readonly failures: number; readonly reset_after: number };
  /** IANA name, for `allowed_hours` of actions that name no zone. */
  readonly time_zone: string;
  /** What a source has to keep of its word. */
  readonly proof: ProofDemand;
}

/** Everything but the ledger's facts that a decision depends on. Plain data: it can be kept, sent and decided on again. */
export interface DecisionInput {
  readonly trigger: Trigger;
  readonly mode: Mode;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly alert: AlertSituation | null;
  /** What the alert or document names, also when nothing is known about it. */
  readonly target: Target | null;
  readonly prediction: Prediction | null;
  /** Why there is no usable prediction; null where there is one. */
  readonly prediction_problem: string | null;
  /** The first mapping that matches; null when none does. */
  readonly mapping: Mapping | null;
  /** Why a value that the playbook would get is refused; null when all are safe. */
  readonly unsafe_value: string | null;
  /** How many hosts the inventory of the mapping's playbook has; null where it has none, or that is not known now. */
  readonly fleet: number | null;
  /** A silence in Alertmanager that covers it (`run` only), in words; null when none does. */
  readonly silence: string | null;
  /** How many predictions in a row, this one included, were in the mapping's window. */
  readonly consecutive: number;
  readonly policy: Policy;
}

export interface Pause {
  readonly name: string;
  readonly reason: string | null;
  readonly since: number;
  /** Null: until it is lifted. */
  readonly until: number | null;
}

export interface PastRun {
  readonly started_at: number;
  /** `ineffective`: it ended well, and was found not to have helped. */
  readonly state: 'running' | 'succeeded' | 'ineffective' | 'failed' | 'interrupted' | 'dry_run_only';
}

/** A host that a playbook was started on, or is to be. */
export interface TouchedHost {
  /** Null: predictions without a host. */
  readonly host: string | null;
  /** Start of its newest run; null: claimed, and not started yet. */
  readonly at: number | null;
}

/** What the ledger knows at one instant. Lists are newest first and as long as the gates need, not complete. */
export interface Facts {
  readonly pauses: readonly Pause[];
  /** The unfinished execution in the action's scope. */
  readonly unfinished: { readonly execution_id: string; readonly state: string; readonly claimed_at: number } | null;
  /** Runs in the action's scope: real ones, or in dry run mode the dry runs that stand for them. */
  readonly runs: readonly PastRun[];
  /** Starts of runs over all playbooks, counted likewise. */
  readonly all_runs: readonly number[];
  /** Hosts of the playbook's runs and claims, whatever their scope, each once; back to the action's `blast_radius.per`. */
  readonly hosts: readonly TouchedHost[];
  /** The newest end of this target that was not a run: a safety check or dry run stopped it, or it had nothing to do. */
  readonly stopped: { readonly state: string; readonly at: number } | null;
  /** The real run of this target whose outcome is not known yet; the last to be verified where there are several. */
  readonly settling: { readonly execution_id: string; readonly ended_at: number; readonly verify_at: number } | null;
  /** How the forecasts of this type and source did; null where that was not asked. */
  readonly proof: Proof | null;
}

export const NO_FACTS: Facts = {
  pauses: [],
  unfinished: null,
  runs: [],
  all_runs: [],
  hosts: [],
  stopped: null,
  settling: null,
  proof: null,
};

/** The answer of the gates, before it is on record. */
export interface Draft {
  readonly verdict: Verdict;
  readonly reason: Reason;
  readonly message: string;
  /** The gates that were asked, in order; the last one stopped unless the verdict is `approved`. */
  readonly gates: readonly GateResult[];
  /** When the gate that stopped opens, epoch milliseconds; null where time alone does not open it. */
  readonly next_attempt_at: number | null;
}

/** A decision on record. */
export interface Decision {
  readonly id: string;
  readonly decided_at: number;
  readonly trigger: Trigger;
  readonly alertname: string | null;
  readonly fingerprint: string | null;
  readonly target: Target | null;
  readonly prediction: Prediction | null;
  /** Id of the mapping. */
  readonly mapping: string | null;
  readonly playbook: string | null;
  readonly verdict: Verdict;
  readonly reason: Reason;
  readonly message: string;
  readonly gates: readonly GateResult[];
  readonly next_attempt_at: number | null;
  readonly execution_id: string | null;
  /** How often the same refusal came again, and when last. */
  readonly repeats: number;
  readonly last_at: number;
}
