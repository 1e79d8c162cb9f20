import type { Config } from '../config/config.ts';
import { decide } from '../decision/decide.ts';
import type { DecisionInput } from '../decision/decision.ts';
import type { Answered, Execution, ExecutionState } from '../execution/execution.ts';
import type { Hold, Instance, Ledger } from '../ledger/ledger.ts';
import type { LoopOptions } from './ports.ts';

/** Who answers: the name of a token, or `cli:USER`; the address, null for the command line. */
export interface Answerer {
  readonly name: string;
  readonly from: string | null;
}

/** What became of an answer to an execution that waits for confirmation. */
export type Answer =
  | { readonly kind: 'approved' | 'denied'; readonly execution: Execution }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'not_waiting'; readonly state: ExecutionState; readonly answered: Answered | null }
  /** It must not run as things are now. Nothing was written: it goes on waiting. */
  | { readonly kind: 'refused'; readonly reason: string; readonly message: string };

export interface Approvals {
  /** Asks every gate again; only where all pass one conditional update makes it run. */
  approve(id: string, by: Answerer): Promise<Answer>;
  reject(id: string, by: Answerer): Promise<Answer>;
}

export interface ApprovalOptions {
  readonly ledger: Ledger;
  readonly now: () => number;
  readonly config: () => Config;
  readonly reportsFor: LoopOptions['reportsFor'];
  readonly kickReports: () => void;
  /** Who carries on what was approved; null: whoever looks for orphans first. */
  readonly owner: Instance | null;
  /** The prediction and what belongs to it, as they are now. */
  readonly look: (execution: Execution) => Promise<DecisionInput>;
  /** Told of every answer that is on record; with the hold where there is an owner. */
  readonly onAnswer: (execution: Execution, hold: Hold | null) => void;
}

export function createApprovals(options: ApprovalOptions): Approvals {
  const { ledger, now, config, owner } = options;

  /** Why it must not run now; null when it may. */
  async function refusal(execution: Execution): Promise<(Answer & { readonly kind: 'refused' }) | null> {
    const refused = (reason: string, message: string) => ({ kind: 'refused', reason, message }) as const;
    if (now() - execution.claimed_at >= config().execution.approval_timeout) {
      return refused('expired', 'nobody confirmed it in time');
    }
    const input = await options.look(execution);
    const draft = decide(input, await ledger.facts(input, execution.id));
    if (draft.verdict !== 'approved') return refused(draft.reason, draft.message);
    if (input.mapping?.id !== execution.mapping) {
      return refused('no_mapping', `${execution.mapping} does not decide on this prediction any more`);
    }
    if (input.policy.dry_run_mode) return refused('kill_switch', 'dry_run_mode is on: nothing is run for real');
    return null;
  }

  async function answer(id: string, by: Answerer, approve: boolean): Promise<Answer> {
    const execution = await ledger.execution(id);
    if (execution === null) return { kind: 'not_found' };
    if (execution.state !== 'awaiting_approval' || execution.answered !== null) return notWaiting(execution);
    const refused = approve ? await refusal(execution) : null;
    if (refused !== null) return refused;
    const reports = approve ? [] : await options.reportsFor(execution, 'denied');
    const recorded = await ledger.answer(id, owner, {
      by: by.name,
      from: by.from,
      at: now(),
      approve,
      message: `${approve ? 'approved' : 'denied'} by ${by.name}`,
      reports,
    });
    if (recorded === null) return notWaiting((await ledger.execution(id)) ?? execution);
    options.onAnswer(recorded.execution, recorded.hold);
    if (reports.length > 0) options.kickReports();
    return { kind: approve ? 'approved' : 'denied', execution: recorded.execution };
  }

  return {
    approve: (id, by) => answer(id, by, true),
    reject: (id, by) => answer(id, by, false),
  };
}

function notWaiting({ state, answered }: Execution): Answer {
  return { kind: 'not_waiting', state, answered };
}
