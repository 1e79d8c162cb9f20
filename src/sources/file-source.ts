import { resolve } from 'node:path';
import type { Logger } from '../logger.ts';
import { readPredictions } from '../prediction/documents.ts';
import { type Prediction, targetKey } from '../prediction/prediction.ts';
import { readDocument, signatureOf } from './read-document.ts';
import type { SourceHealth } from './source-health.ts';
import { createSharedTurns } from './turns.ts';

/** One predictions file and what was last read from it. */
export interface FileSource {
  readonly path: string;
  /** Name of the source: `file:` and the absolute path. */
  readonly source: string;
  /**
   * Reads the file if it changed, or in any case when `force`. Calls while one runs share the next. Resolves with whether
   * predictions or health changed; never rejects.
   */
  refresh(force?: boolean): Promise<boolean>;
  /** By target. What was last read well stays while the file cannot be read or parsed; a file that is gone has none. */
  predictions(): ReadonlyMap<string, Prediction>;
  health(): SourceHealth;
}

export function createFileSource(
  path: string,
  options: { readonly now: () => number; readonly logger: Logger },
): FileSource {
  const { now, logger } = options;
  const source = `file:${path}`;

  let predictions: ReadonlyMap<string, Prediction> = new Map();
  let health: SourceHealth = {
    source,
    up: false,
    last_success: null,
    dated_at: null,
    problem: 'has not been read yet',
    problems: 0,
  };
  /** State of the file that `predictions` and `health` stand for; undefined: none yet. */
  let seen: string | null | undefined;
  /** False right after a change: a write within the clock tick of the file system would not show in the signature. */
  let confirmed = false;
  let digest: string | null = null;
  let refusedUntil: number | null = null;

  function becomes(next: Omit<SourceHealth, 'source'>): boolean {
    const changed = next.up !== health.up || next.problem !== health.problem || next.problems !== health.problems;
    if (changed) {
      if (!next.up)
        logger.warn({ source, problem: next.problem }, `predictions source is down: ${path} ${next.problem}`);
      else if (next.problem !== null)
        logger.warn(
          { source, problem: next.problem, problems: next.problems },
          `predictions source has problems: ${path}: ${next.problem}`,
        );
      else logger.info({ source }, `predictions source is up: ${path}`);
    }
    health = { source, ...next };
    return changed;
  }

  function down(problem: string, problems = 0): boolean {
    return becomes({ up: false, last_success: health.last_success, dated_at: health.dated_at, problem, problems });
  }

  async function read(): Promise<boolean> {
    const isDue = refusedUntil !== null && now() >= refusedUntil;
    const result = await readDocument(path, health.up && !isDue ? digest : null);
    // It came or went between the look and the read: what was seen does not stand for what was read.
    if ((seen === null) !== (result.kind === 'missing')) seen = undefined;
    switch (result.kind) {
      case 'same':
        return becomes({ ...health, last_success: now() });
      case 'missing': {
        const had = predictions.size > 0;
        predictions = new Map();
        health = { ...health, dated_at: null };
        digest = null;
        refusedUntil = null;
        return down('does not exist: let your forecaster write it, or correct predictions.files') || had;
      }
      case 'failed':
        if (result.isPassing) seen = undefined;
        return down(result.problem);
      case 'read':
        return take(result.document, result.modified, result.digest);
    }
  }

  function take(document: unknown, modified: number, newDigest: string): boolean {
    const read = readPredictions(document, { source, fallbackTime: modified, now: now() });
    refusedUntil = read.refused_until;
    const problem = read.problems[0];
    const inWords = problem === undefined ? null : `${problem.path} ${problem.message}`.trim();
    if (!read.recognised) return down(inWords ?? 'holds no predictions', 1);

    predictions = new Map(read.predictions.map((prediction) => [targetKey(prediction), prediction]));
    digest = newDigest;
    health = { ...health, dated_at: read.dated_at };
    if (predictions.size === 0 && read.skipped > 0) down(`holds nothing usable: ${inWords}`, read.skipped);
    else becomes({ ...health, up: true, last_success: now(), problem: inWords, problems: read.skipped });
    return true;
  }

  async function refreshNow(force: boolean): Promise<boolean> {
    let signature: string | null;
    try {
      signature = await signatureOf(path);
    } catch (error) {
      seen = undefined;
      return down(`cannot be looked at: ${(error as Error).message}`);
    }
    const isDue = refusedUntil !== null && now() >= refusedUntil;
    if (signature === seen && confirmed && !force && !isDue) {
      if (health.up) health = { ...health, last_success: now() };
      return false;
    }
    confirmed = signature === seen;
    seen = signature;
    return read();
  }

  const refreshInTurn = createSharedTurns(refreshNow);

  return {
    path,
    source,
    refresh: (force = false) => refreshInTurn(force),
    predictions: () => predictions,
    health: () => health,
  };
}

/** Absolute, each once. */
export function distinctPaths(files: readonly string[]): readonly string[] {
  return [...new Set(files.map((path) => resolve(path)))];
}
