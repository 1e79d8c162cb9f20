import type { Logger } from '../logger.ts';
import type { Terminal } from './terminal.ts';

/** What every command gets: where it reads and writes, and which configuration it was told. */
export interface CommandContext {
  /** Path of forestall.yaml as given or by default; not yet resolved. */
  readonly configFile: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logger: Logger;
  /** From now on none of these texts appears in a log line. */
  readonly keepSecret: (secrets: readonly string[]) => void;
  /** What standard output shows on. */
  readonly terminal: Terminal;
  /** Writes to standard output; the text is written as it is. */
  readonly print: (text: string) => void;
  /** Writes a line to standard error: for people, not for the log. */
  readonly complain: (text: string) => void;
}

/** Exit codes: the command ran; it ran and the answer is no; wrong usage or unusable configuration. */
export const DONE = 0;
export const NO = 1;
export const USAGE = 2;
export type ExitCode = typeof DONE | typeof NO | typeof USAGE;

/** Ends a command early with a message for people on standard error. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;
  constructor(message: string, exitCode: ExitCode) {
    super(message);
    this.exitCode = exitCode;
  }
}
