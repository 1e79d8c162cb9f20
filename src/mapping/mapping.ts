/** Where cooldown, limits, circuit breaker and `in_progress` of an action hold. */
export type LimitScope = 'playbook' | 'resource' | 'host';

export interface Limit {
  readonly runs: number;
  /** Length of the trailing window in milliseconds. */
  readonly per: number;
}

/** On how many hosts a playbook may run within a trailing window, whatever is asked. */
export interface BlastRadius {
  /** Null: only `percent` counts. */
  readonly hosts: number | null;
  /** Of the hosts of the playbook's inventory, above 0; at least one host. Null: only `hosts` counts. */
  readonly percent: number | null;
  /** Milliseconds. */
  readonly per: number;
}

/** How it is found out whether a run helped. */
export interface Verify {
  /** From the end of the run, milliseconds. */
  readonly after: number;
  /** A check that has to hold then; null: the same prediction is gone, or its days grew. */
  readonly expect: string | null;
}

export interface Action {
  readonly playbook: string;
  readonly version: string;
  /** Null: no weekly limit. */
  readonly max_executions_per_week: number | null;
  /** 0 or more, may be a fraction. */
  readonly cooldown_hours: number;
  readonly limit_scope: LimitScope;
  /** Limits beside the weekly one. */
  readonly limits: readonly Limit[];
  /** Null: no bound on hosts. */
  readonly blast_radius: BlastRadius | null;
  /** Minutes since midnight in `time_zone`; `from` > `to` goes over midnight; null: at any time. */
  readonly allowed_hours: { readonly from: number; readonly to: number; readonly text: string } | null;
  /** IANA name, for `allowed_hours`; null: as `global_settings.time_zone` says. */
  readonly time_zone: string | null;
  /** Null: as `global_settings.require_confirmation` says. */
  readonly require_confirmation: boolean | null;
  readonly parameters: Readonly<Record<string, string>>;
  readonly verify: Verify;
  /** What a verified run has to gain, days; below it people are told. Null: nothing. */
  readonly min_days_gained: number | null;
}

/** Which alerts a mapping by `alertname` is for, and what they are about. */
export interface AlertMatch {
  readonly alertname: string;
  /** Exact or globs, by the name of the label; an alert without one of them does not match. */
  readonly labels: Readonly<Record<string, string>>;
  /** What the alert is about, where the mapping itself says it. */
  readonly resource: string | null;
  /** The label that says it. Null with `resource` null: the first of the usual ones. */
  readonly resource_label: string | null;
}

export interface Mapping {
  /** Unique in its file; `TYPE:RESOURCE_FILTER`, or `alert:ALERTNAME` and its labels, where the file gives none. */
  readonly id: string;
  /** Null: a mapping of predictions. Otherwise `prediction_type` is `alert:ALERTNAME`, and every condition holds. */
  readonly alert: AlertMatch | null;
  readonly prediction_type: string;
  /** Exact or a glob, see `glob.ts`. */
  readonly resource_filter: string;
  readonly conditions: {
    readonly min_days_until_critical: number | null;
    readonly max_days_until_critical: number | null;
    readonly min_confidence: number;
    readonly min_consecutive: number;
  };
  readonly action: Action;
  /** Expressions as written, validated when the mapping was read. */
  readonly safety_checks: readonly string[];
}

export interface GlobalSettings {
  readonly enable_auto_remediation: boolean;
  readonly dry_run_mode: boolean;
  readonly require_confirmation: boolean;
  /** Null: no daily limit. */
  readonly max_daily_executions: number | null;
  readonly notification_channel: string;
  /** Globs over `host` and `resource`. */
  readonly exclude: readonly string[];
  /** IANA name, for `allowed_hours`; null: that of the machine. */
  readonly time_zone: string | null;
}

export interface ActionMapping {
  readonly version: string;
  readonly last_updated: string | null;
  readonly mappings: readonly Mapping[];
  readonly global_settings: GlobalSettings;
}
