/** Where cooldown, limits, circuit breaker and `in_progress` of an action hold. */
export type LimitScope = 'playbook' | 'resource' | 'host';

export interface Limit {
  readonly runs: number;
  /** Length of the trailing window in milliseconds. */
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
  /** Local time, minutes since midnight; `from` > `to` goes over midnight; null: at any time. */
  readonly allowed_hours: { readonly from: number; readonly to: number; readonly text: string } | null;
  /** Null: as `global_settings.require_confirmation` says. */
  readonly require_confirmation: boolean | null;
  readonly parameters: Readonly<Record<string, string>>;
  readonly verify: Verify;
  /** What a verified run has to gain, days; below it people are told. Null: nothing. */
  readonly min_days_gained: number | null;
}

export interface Mapping {
  /** Unique in its file; `TYPE:RESOURCE_FILTER` where the file gives none. */
  readonly id: string;
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
}

export interface ActionMapping {
  readonly version: string;
  readonly last_updated: string | null;
  readonly mappings: readonly Mapping[];
  readonly global_settings: GlobalSettings;
}
