import { html } from 'hono/html';
import type { Decision } from '../../decision/decision.ts';
import type { Execution, ExecutionState } from '../../execution/execution.ts';
import { daysGained, gainInWords } from '../../execution/gains.ts';
import type { Html } from './respond.ts';
import { bytes, days, plain, targetName, time, took } from './words.ts';

const GOOD: readonly ExecutionState[] = ['succeeded'];
const BAD: readonly ExecutionState[] = ['failed', 'interrupted', 'dry_run_failed'];
const ASKS: readonly ExecutionState[] = ['awaiting_approval'];
const BUSY: readonly ExecutionState[] = ['claimed', 'checking', 'dry_run', 'running'];

/** The state as a word on a ground of its kind. */
export function stateChip(state: ExecutionState): Html {
  const kind = GOOD.includes(state)
    ? 'good'
    : BAD.includes(state)
      ? 'bad'
      : ASKS.includes(state)
        ? 'ask'
        : BUSY.includes(state)
          ? 'busy'
          : 'plain';
  return html`<span class="chip ${kind}">${plain(state)}</span>`;
}

/** Executions, newest first, two lines each. */
export function executionList(executions: readonly Execution[], now: number): Html {
  if (executions.length === 0) return html`<p class="empty">No execution yet.</p>`;
  return html`<ol class="list">${executions.map((execution) => executionLine(execution, now))}</ol>`;
}

function executionLine(execution: Execution, now: number): Html {
  const { id, state, playbook, prediction, claimed_at, message } = execution;
  const told = facts(execution);
  return html`<li>
<div class="line">${stateChip(state)} <a href="/executions/${id}">${playbook}</a> <span class="of"><bdi>${targetName(prediction)}</bdi></span> <span class="at">${time(claimed_at, now)}</span></div>
<div class="line sub" title="${message}">${told === '' ? message : `${told} · ${message}`}</div>
</li>`;
}

/** Duration, bytes freed, days gained and outcome, as far as they are known. */
export function facts(execution: Execution): string {
  const { run, dry_run, outcome } = execution;
  const phase = run ?? dry_run;
  const freed = run?.result?.freed_bytes ?? null;
  const gained = gainOf(execution);
  return [
    phase === null ? null : `${run === null ? 'dry run ' : ''}${took(phase.duration_seconds)}`,
    freed === null ? null : `${bytes(freed)} freed`,
    gained,
    outcome,
  ]
    .filter((part) => part !== null)
    .join(' · ');
}

function gainOf(execution: Execution): string | null {
  const gained = daysGained(execution);
  if (gained !== null) return `${days(gained)} d gained`;
  return execution.outcome === 'unknown' ? null : gainInWords(execution);
}

/** Decisions, newest first, two lines each. */
export function decisionList(decisions: readonly Decision[], now: number): Html {
  if (decisions.length === 0) return html`<p class="empty">Nothing has been decided yet.</p>`;
  return html`<ol class="list">${decisions.map((decision) => decisionLine(decision, now))}</ol>`;
}

function decisionLine(
  { id, verdict, reason, playbook, message, target, last_at, repeats }: Decision,
  now: number,
): Html {
  const times = repeats === 0 ? '' : ` (${repeats + 1} times)`;
  return html`<li>
<div class="line"><span class="chip ${verdict}">${verdict}</span> <a href="/decisions/${id}">${verdict === 'approved' ? playbook : plain(reason)}</a> <span class="of"><bdi>${target === null ? '' : targetName(target)}</bdi></span> <span class="at">${time(last_at, now)}</span></div>
<div class="line sub" title="${message}">${message}${times}</div>
</li>`;
}
