import type { KeyObject } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Reach } from '../decision/reach.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { PruneResult, PruneRule } from '../ledger/retention.ts';
import { seal } from '../ledger/sealing.ts';
import type { Logger } from '../logger.ts';

/** Forgets what is older than the configured time and what nothing needs any more. */
export interface Retention {
  /** One walk over the ledger, in small steps; how many rows went. 0 where another process has the turn. Never rejects. */
  pass(): Promise<number>;
  close(): Promise<void>;
}

export interface RetentionOptions {
  readonly ledger: Pick<Ledger, 'retention' | 'chain'>;
  /** What checkpoints are signed with; null: none is made. May throw. */
  readonly signingKey: () => KeyObject | null;
  /** As configured now: how long is kept, milliseconds, and how far back decisions look. */
  readonly keep: () => { readonly keep: number; readonly reach: Reach };
  /** Removes what was captured of an execution; that there is nothing is no error. */
  readonly removeOutput: (executionId: string) => Promise<void>;
  /** Hears at the end of each walk whether the hash chain fitted, as far as it was looked at. */
  readonly onChain: (fits: boolean) => void;
  readonly now: () => number;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** So long one process has the work, milliseconds; who died over it holds nobody up for longer. */
const LEASE = 10 * 60_000;
/** Between two steps, milliseconds: what others wait to write goes first. */
const REST = 20;
const HEADS_KEPT_FOR = 7 * 86_400_000;

/**
 * The output of an execution goes after its row, as rows that were changed from outside stay, and their output with them: a crash
 * in between leaves a hundred files at most. The age of rows is told by the newest decision where the clock says more: a clock that
 * is years ahead must not empty a ledger.
 */
export function createRetention(options: RetentionOptions): Retention {
  const { ledger, signingKey, keep, removeOutput, onChain, now, logger } = options;
  const { retention } = ledger;
  let closing = false;
  let underWay: Promise<number> | null = null;
  let turnEnds = 0;
  let fits = true;

  async function hasTurn(): Promise<boolean> {
    if (closing) return false;
    const at = now();
    if (at < turnEnds && at >= turnEnds - LEASE) return true;
    if (!(await retention.turn(at, LEASE))) return false;
    turnEnds = at + LEASE;
    return true;
  }

  function rule(newest: number): PruneRule {
    const { keep: time, reach } = keep();
    return { before: Math.min(now(), newest) - Math.max(time, reach.window), keep: reach };
  }

  function removed({ removed, suspect }: PruneResult): number {
    if (suspect.length > 0) {
      fits = false;
      logger.error(
        { rows: suspect },
        'rows of the ledger are not what its hash chain says and are not removed: see `forestall history --verify`',
      );
    }
    return removed;
  }

  async function executions(asked: PruneRule): Promise<number> {
    let gone = 0;
    for (let after: number | null = 0; after !== null && (await hasTurn()); ) {
      const page = await retention.executions(asked, after);
      after = page.next;
      await delay(page.rows.length === 0 ? 0 : REST);
      if (page.rows.length === 0) continue;
      const marks = page.rows.map(({ id }) => unconfirmedMark(id));
      const result = await retention.prune({ executions: page.rows, decisions: [], marks, before: asked.before });
      gone += removed(result);
      for (const { id, seq } of page.rows) if (!result.suspect.includes(`execution ${seq}`)) await removeOutput(id);
    }
    return gone;
  }

  async function decisions(asked: PruneRule): Promise<number> {
    let gone = 0;
    for (let after: number | null = 0; after !== null && (await hasTurn()); ) {
      const page = await retention.decisions(asked, after);
      after = page.next;
      await delay(page.rows.length === 0 ? 0 : REST);
      if (page.rows.length === 0) continue;
      gone += removed(await retention.prune({ executions: [], decisions: page.rows, marks: [], before: asked.before }));
    }
    return gone;
  }

  async function scores(asked: PruneRule): Promise<number> {
    let gone = 0;
    for (let some = 1; some > 0 && (await hasTurn()); gone += some) {
      some = await retention.pruneScores(asked);
      await delay(REST);
    }
    return gone;
  }

  /** Entries of the last days stay, so that heads that were noted lately can be compared. */
  async function sealUp(newest: number): Promise<void> {
    if (!(await hasTurn())) return;
    const at = Math.min(now(), newest);
    const sealed = await seal(ledger.chain, { at, since: at - HEADS_KEPT_FOR, key: signingKey, goOn: hasTurn });
    if (sealed.problem !== null) {
      fits = false;
      logger.error(
        { problem: sealed.problem },
        'the hash chain of the ledger does not fit, and none of it is dropped: see `forestall history --verify`',
      );
    } else if (sealed.checkpoint !== null) {
      const { entry, hash, pruned } = sealed.checkpoint;
      logger.info(
        { checkpoint: `${entry}:${hash}`, dropped: sealed.dropped, pruned },
        'a checkpoint of the hash chain was signed, and the entries that it stands for were dropped',
      );
    }
  }

  /** What was changed lately is told long before it is old enough to be forgotten. */
  async function lookAtNewest(): Promise<void> {
    try {
      const problem = await ledger.chain.newestProblem();
      if (problem === null) return;
      fits = false;
      logger.error({ problem }, 'the ledger was damaged or changed from outside: see `forestall history --verify`');
    } catch (error) {
      if (!closing) logger.warn({ err: error }, 'the hash chain of the ledger could not be looked at now');
    }
  }

  async function all(): Promise<number> {
    try {
      const newest = await retention.newest();
      if (newest === null || !(await hasTurn())) return 0;
      fits = true;
      await lookAtNewest();
      const asked = rule(newest);
      const counts = {
        executions: await executions(asked),
        decisions: await decisions(asked),
        forecasts: await scores(asked),
      };
      await sealUp(newest);
      turnEnds = 0;
      await retention.endTurn();
      onChain(fits);
      const gone = counts.executions + counts.decisions + counts.forecasts;
      if (gone > 0) {
        const before = new Date(asked.before).toISOString();
        logger.info({ ...counts, before }, 'the ledger forgot what is older than it is to be kept');
      }
      return gone;
    } catch (error) {
      if (!closing) logger.warn({ err: error }, 'old entries could not be removed from the ledger now; trying again');
      return 0;
    }
  }

  return {
    pass() {
      underWay ??= all().finally(() => {
        underWay = null;
      });
      return underWay;
    },
    async close() {
      closing = true;
      await underWay;
    },
  };
}

/** People were told again that this execution waits for confirmation. */
export function unconfirmedMark(executionId: string): string {
  return `unconfirmed:${executionId}`;
}
