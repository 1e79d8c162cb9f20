import { decide } from '../decision/decide.ts';
import { tooLongAt } from '../execution/escalated.ts';
import type { Execution } from '../execution/execution.ts';
import type { Hold, Unfinished } from '../ledger/ledger.ts';
import { lastLook } from './last-look.ts';
import { createRecorder, type RemediationContext } from './remediation.ts';
import { unconfirmedMark } from './retention.ts';

/** An owner that did not say for this long that it lives is dead, milliseconds. */
const DEAD_AFTER = 8_000;
/** A claim of this process that it did not hear of (its answer came too late) is taken up after this, milliseconds. */
const UNHEARD_AFTER = 2_000;

/**
 * Finds executions whose owner died and brings them to an end. One that ran is never run again: what is left of its
 * processes is waited for, then it is `interrupted`. One that did not run yet is carried on if every gate still passes,
 * else it is `expired`; so is one that was confirmed and has no owner, or none that lives. What nobody confirmed in time
 * expires here too; before, when half of its time is over, people are told a second time, once over all processes.
 */
export interface Recovery {
  /** One look at the ledger; resolves when every orphan that was found has been handled or handed on. */
  sweep(): Promise<void>;
  /** True while an orphan is being handled: this process then owns it and has to say that it lives. */
  readonly busy: boolean;
}

export interface RecoveryOptions {
  readonly context: RemediationContext;
  /** Milliseconds that only go forward: a wall clock that jumps must not make an owner look dead. */
  readonly monotonic: () => number;
  /** True while this process carries the execution out, or has it waiting. */
  readonly holds: (executionId: string) => boolean;
  /** Takes an adopted execution that may go on. */
  readonly carryOn: (execution: Execution, hold: Hold) => void;
}

export function createRecovery({ context, monotonic, holds, carryOn }: RecoveryOptions): Recovery {
  const { ledger, instance, logger, now, config, playbooks } = context;
  const lastSeen = new Map<string, { heartbeat: number | null; since: number }>();
  const handling = new Set<string>();
  const reminded = new Set<string>();

  function isOrphan({ execution, owner, heartbeat_at }: Unfinished): boolean {
    if (owner === null) return true;
    if (owner.id === instance.id) return !holds(execution.id) && unchangedFor(execution.id, null) >= UNHEARD_AFTER;
    if (context.instanceIsGone(owner) === true) return true;
    return unchangedFor(owner.id, heartbeat_at) >= DEAD_AFTER;
  }

  /** How long this key has shown the same heartbeat, as far as this process looked. */
  function unchangedFor(key: string, heartbeat: number | null): number {
    const seen = lastSeen.get(key);
    if (seen !== undefined && seen.heartbeat === heartbeat) return monotonic() - seen.since;
    lastSeen.set(key, { heartbeat, since: monotonic() });
    return 0;
  }

  async function expireConfirmation(row: Unfinished): Promise<void> {
    const { approval_timeout } = config().execution;
    const expires_at = row.execution.claimed_at + approval_timeout;
    if (now() < expires_at) {
      if (now() >= tooLongAt(row.execution, approval_timeout)) await remind(row.execution, expires_at);
      return;
    }
    const hold = await ledger.adopt(row, instance);
    if (hold === null) return;
    await createRecorder(row.execution, hold, context).end('expired', 'nobody confirmed it in time');
  }

  async function remind(execution: Execution, expires_at: number): Promise<void> {
    if (reminded.has(execution.id)) return;
    const subject = { kind: 'unconfirmed', execution, expires_at } as const;
    const first = await ledger.reportOnce(unconfirmedMark(execution.id), { channel: 'discord', subject });
    reminded.add(execution.id);
    if (!first) return;
    logger.warn({ execution_id: execution.id }, `nobody has confirmed ${execution.playbook}; people are told again`);
    context.kickReports();
  }

  async function takeOver(row: Unfinished): Promise<void> {
    const { execution } = row;
    const hold = await ledger.adopt(row, instance);
    if (hold === null) return;
    const whose = row.owner === null ? 'that nobody held' : 'whose process is gone';
    logger.warn({ execution_id: execution.id, state: execution.state }, `took over an execution ${whose}`);
    const recorder = createRecorder(execution, hold, context);
    const playbook = config().playbooks[execution.playbook];
    const patience = execution.state === 'running' ? (playbook?.timeout ?? 0) : (playbook?.dry_run_timeout ?? 0);
    await playbooks.awaitSurvivors(execution.id, row.process, patience);
    if (execution.state === 'running') {
      await recorder.end('interrupted', `the service stopped while ${execution.playbook} ran; it is not run again`);
      return;
    }
    const input = await lastLook(execution, context);
    const draft = decide(input, await ledger.facts(input, execution.id));
    const { answered } = execution;
    const before = answered === null ? 'the service stopped before it ran' : `approved by ${answered.by}`;
    if (draft.verdict === 'approved') carryOn(execution, hold);
    else await recorder.end('expired', `${before}, and now: ${draft.message}`);
  }

  return {
    async sweep() {
      const rows = await ledger.unfinished();
      const known = new Set(rows.flatMap((row) => [row.execution.id, row.owner?.id]));
      for (const key of lastSeen.keys()) if (!known.has(key)) lastSeen.delete(key);
      for (const id of reminded) if (!known.has(id)) reminded.delete(id);
      const work = rows.map(async (row) => {
        const { id, state } = row.execution;
        if (handling.has(id)) return;
        handling.add(id);
        try {
          if (state === 'awaiting_approval' && row.execution.answered === null) await expireConfirmation(row);
          else if (isOrphan(row)) await takeOver(row);
        } catch (error) {
          logger.error({ err: error, execution_id: id }, 'an orphaned execution could not be handled; trying again');
        } finally {
          handling.delete(id);
        }
      });
      await Promise.all(work);
    },
    get busy() {
      return handling.size > 0;
    },
  };
}
