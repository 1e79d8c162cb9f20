import type { ActionMapping } from '../mapping/mapping.ts';

/** A secret value: reads as `[secret]` wherever it is printed, logged or turned into JSON. */
export interface Secret {
  /** The value itself; only for the place that uses it. */
  reveal(): string;
}

export interface TokenConfig {
  /** Unique; who used it is told by it. */
  readonly name: string;
  /** What it is good for: deliveries, reading, everything. */
  readonly role: 'webhook' | 'read' | 'operate';
  readonly token: Secret;
}

/** What Ansible runs for a playbook. */
export interface AnsibleConfig {
  /** Absolute path of the play. */
  readonly playbook: string;
  /** Absolute path of a file, a folder or a program that lists hosts. */
  readonly inventory: string;
  /** Texts may hold placeholders. */
  readonly extra_vars: Readonly<Record<string, string | number | boolean>>;
}

export interface PlaybookConfig {
  readonly name: string;
  readonly version: string;
  /** Null: the playbook is a program. */
  readonly ansible: AnsibleConfig | null;
  /** Program and arguments; the program is an absolute path, or a name without `/` to be found on PATH. */
  readonly run: readonly string[];
  readonly dry_run: readonly string[];
  /** Milliseconds. */
  readonly timeout: number;
  readonly dry_run_timeout: number;
  /** Executions of it that this process carries out at once; null: as many as `execution.max_parallel`. */
  readonly max_parallel: number | null;
  /** Longest downtime that a dry run may announce; null: any. */
  readonly max_downtime: number | null;
  /** What the program of `run`, or the play, has to hold, hexadecimal; null: anything. */
  readonly sha256: string | null;
  readonly env: Readonly<Record<string, string>>;
}

/** A fact asked by a command or by PromQL; the built-in ones need no configuration. */
export type FactConfig =
  | { readonly kind: 'command'; readonly name: string; readonly command: readonly string[]; readonly timeout: number }
  | { readonly kind: 'promql'; readonly name: string; readonly promql: string; readonly timeout: number };

/** What the service measures on its own machine. */
export interface LocalResource {
  readonly source: 'local';
  readonly prediction_type: string;
  /** A path, `system_memory` or `system_swap`. */
  readonly resource: string;
  readonly measure: 'bytes' | 'inodes' | 'memory' | 'swap';
  readonly host: string | null;
  /** Share of the whole that is critical, above 0, at most 1. */
  readonly critical: number;
}

/** What an expression asks of Prometheus: each series of its answer is a resource. */
export interface PrometheusResource {
  readonly source: 'prometheus';
  /** Unique; the source of its predictions is `forecast:prometheus:NAME`. */
  readonly name: string;
  readonly prediction_type: string;
  readonly query: string;
  /** Of all series, or the label that holds it. */
  readonly resource: { readonly name: string } | { readonly label: string };
  readonly host_label: string;
  readonly critical: number;
  /** Milliseconds between two samples. */
  readonly step: number;
  readonly max_series: number;
}

/** The built-in forecaster. Durations in milliseconds. */
export interface ForecastConfig {
  readonly every: number;
  readonly lookback: number;
  readonly sample_every: number;
  readonly min_precision: number;
  readonly min_scored: number;
  readonly resources: readonly (LocalResource | PrometheusResource)[];
}

/** A database of PostgreSQL. Time-outs in milliseconds. */
export interface PostgresStore {
  readonly engine: 'postgres';
  /** A name or address; a folder for the socket in it. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** Null: what the server asks of the driver's own places, the password file of the user among them. */
  readonly password: Secret | null;
  /** Null: no TLS. Paths are absolute. */
  readonly tls: {
    /** The whole name, the chain only, or nothing of the server's certificate. */
    readonly verify: 'full' | 'ca' | 'none';
    /** Authorities; null: those of the system. */
    readonly ca: string | null;
    readonly cert: string | null;
    readonly key: string | null;
  } | null;
  /** Connections of one process, at most. */
  readonly pool_size: number;
  readonly connect_timeout: number;
  readonly statement_timeout: number;
}

/** Everything the service was told, with defaults filled in, paths absolute and durations in milliseconds. */
export interface Config {
  /** Absolute path of the file it was read from. */
  readonly file: string;
  readonly web: {
    readonly host: string;
    /** 0 picks a free one. */
    readonly port: number;
    /** How people reach it, for links; without a slash at the end. */
    readonly external_url: string;
    /** The token with the name `default` and the role `operate`. */
    readonly bearer_token: Secret | null;
    /** Those beside it. */
    readonly tokens: readonly TokenConfig[];
    readonly max_body_bytes: number;
  };
  /** `host_label`: names the host of an alert that has no label `host`. */
  readonly webhook: { readonly host_label: string };
  readonly store: { readonly engine: 'sqlite'; readonly path: string } | PostgresStore;
  /** Absolute path. */
  readonly mapping_file: string;
  readonly mapping: ActionMapping;
  readonly predictions: { readonly stale_after: number; readonly files: readonly string[] };
  readonly playbooks: Readonly<Record<string, PlaybookConfig>>;
  readonly facts: Readonly<Record<string, FactConfig>>;
  readonly prometheus: { readonly url: string } | null;
  readonly alertmanager: { readonly url: string } | null;
  readonly rules: { readonly for: number; readonly keep_firing_for: number; readonly interval: number };
  /** Null: nothing is forecast here. */
  readonly forecast: ForecastConfig | null;
  readonly critical_services: readonly string[];
  /** Units that `active_backups` counts while they are active. */
  readonly backup_units: readonly string[];
  readonly execution: {
    readonly max_parallel: number;
    readonly retry_after: number;
    readonly drain_timeout: number;
    readonly approval_timeout: number;
    readonly circuit_breaker: { readonly failures: number; readonly reset_after: number };
  };
  readonly ledger: {
    /** Milliseconds. */
    readonly keep: number;
    /** Absolute path; null: beside the store, where that is a file. */
    readonly signing_key_file: string | null;
  };
  readonly context_log: string | null;
  readonly log_dir: string;
  readonly textfile: string | null;
  readonly discord: { readonly webhook_url: Secret } | null;
  /** What is accepted and not acted on by this version, or looks like a mistake: one sentence each, for `check` and the log. */
  readonly warnings: readonly string[];
  /** What can be used and does not do what it seems to: one sentence each, for `check` alone. */
  readonly advice: readonly string[];
}
