import type { Prediction } from '../prediction/prediction.ts';

export interface CommandRequest {
  readonly argv: readonly string[];
  /** Milliseconds. */
  readonly timeout: number;
  /** Bytes of standard output that are kept. */
  readonly maxOutput: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** What a command answered; see the playbook room, which starts it. */
export interface CommandAnswer {
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stdout_truncated: boolean;
  readonly stderr?: string;
  readonly timed_out: boolean;
  readonly could_not_start: string | null;
}

export type RunCommand = (request: CommandRequest) => Promise<CommandAnswer>;

/** Asks Prometheus for one number; rejects with a sentence where it cannot be had. */
export type QueryScalar = (expression: string, options: { readonly timeout: number }) => Promise<number>;

/** What a fact may look at. */
export interface FactContext {
  /** What the check is about; null for a probe without a subject. */
  readonly prediction: Prediction | null;
  readonly runCommand: RunCommand;
  readonly criticalServices: readonly string[];
  readonly backupUnits: readonly string[];
  /** Milliseconds. */
  readonly timeout: number;
  /** Where proc(5) is mounted. */
  readonly procRoot: string;
  /** Exists where systemd is the init system, see sd_booted(3). */
  readonly systemdRoot: string;
  readonly statFileSystem: StatFileSystem;
  /** Without privilege, services are looked for among the user's own too. */
  readonly isRoot: boolean;
}

/** The numbers of statfs(2) that facts use. */
export interface FileSystemNumbers {
  readonly blocks: bigint;
  readonly bfree: bigint;
  readonly bavail: bigint;
  readonly files: bigint;
  readonly ffree: bigint;
}

export type StatFileSystem = (path: string) => Promise<FileSystemNumbers>;

export interface FactAnswer {
  readonly value: number | boolean;
  /** What was looked at, with its numbers; one sentence for people. */
  readonly message: string;
}

/** Answers with a value, or rejects with a `FactFailure`. */
export type Fact = (context: FactContext) => Promise<FactAnswer>;

/** The fact could not be had: the check that asked for it fails. The message says why and what to do. */
export class FactFailure extends Error {
  override readonly name = 'FactFailure';
}

/** The fact is about the resource of a prediction, and there is none: nothing is wrong with it. */
export class NoSubject extends FactFailure {}

/** Most that a command behind a fact may print, in bytes. */
export const MAX_OUTPUT = 64 * 1024;

/** Text from outside for a message: one line, without control characters, at most 120 characters. */
export function shown(text: string): string {
  const points = Array.from(
    text
      .slice(0, 2000)
      .replace(/[\p{Cc}\u2028\u2029\p{Bidi_Control}]+/gu, ' ')
      .trim(),
  );
  return points.length > 120 ? `${points.slice(0, 119).join('')}…` : points.join('');
}

/** A number for a message: at most one decimal. */
export function rounded(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Milliseconds for a message. */
export function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 100) / 10} s`;
}
