import type { Decision } from '../decision/decision.ts';
import { atTime } from '../decision/words.ts';
import type { Execution } from '../execution/execution.ts';
import { type Masking, trendInWords } from '../execution/gains.ts';
import { isByName } from '../prediction/by-name.ts';
import type { Prediction } from '../prediction/prediction.ts';
import { attemptsInWords } from './attempts.ts';
import { isOfNoUse, maskingInWords, runsInWords } from './masking.ts';
import { type Detail, details, lookAt, type Message, onHost } from './message-parts.ts';
import { causeOf, predictionInWords, resultInWords } from './words.ts';

/** Everything a person needs who has to act: what, since when, what was tried and what it bought, and what to look at. */
export function aboutEscalation(decision: Decision, attempts: readonly Execution[]): Message {
  const { target, prediction, playbook, next_attempt_at: next } = decision;
  const what = target === null ? (decision.alertname ?? 'an alert') : `${target.prediction_type} of ${target.resource}`;
  const isOpen = decision.reason === 'circuit_open';
  const failed = attempts.find(({ state }) => state === 'failed');
  const command =
    isOpen && failed !== undefined
      ? `forestall history ${failed.id} --output run`
      : playbook === null
        ? 'forestall history'
        : `forestall history --playbook ${playbook}`;
  return {
    tone: 'bad',
    title: `A person has to act: ${what}${onHost(target?.host ?? null)}`,
    text: decision.message,
    details: details(
      ['Reason', decision.reason],
      prediction === null ? ['Forecast', ''] : [causeOf(prediction), predictionInWords(prediction)],
      ['Since', sinceWhen(decision.decided_at, prediction)],
      ['Playbook that was not run', playbook ?? ''],
      ['Alert', decision.alertname ?? ''],
      ['Tried', triedInWords(attempts)],
      ['Tried again', isOpen && next !== null ? `not before ${atTime(next)}` : ''],
      ['Look at', lookAt(command, isOpen ? 'ForestallCircuitOpen' : 'ForestallTooUrgent')],
    ),
    footer: `Forestall, decision ${decision.id}`,
    at: decision.decided_at,
    path: `decisions/${encodeURIComponent(decision.id)}`,
  };
}

/** In place of the message about the outcome that showed it: it holds that too. */
export function aboutMasking(execution: Execution, masking: Masking): Message {
  const { id, prediction, playbook, outcome, outcome_message } = execution;
  const solved = isOfNoUse(masking) ? `is not solved by ${playbook}` : 'is masked, not solved';
  return {
    tone: 'bad',
    title: `A person has to act: ${prediction.prediction_type} of ${prediction.resource}${onHost(prediction.host)} ${solved}`,
    text: maskingInWords(execution, masking),
    details: details(
      ['Runs', runsInWords(masking.runs)],
      ['Trend', trendInWords(masking.runs)],
      ['Outcome of the last', `${outcome}: ${outcome_message ?? ''}`],
      [`${causeOf(prediction)} before the last`, predictionInWords(prediction)],
      ['Look at', lookAt(`forestall history --playbook ${playbook}`, 'ForestallProblemMasked')],
    ),
    footer: `Forestall, execution ${id}`,
    at: execution.verified_at ?? execution.claimed_at,
    path: `executions/${encodeURIComponent(id)}`,
  };
}

/** Beside the message that it waits, once, when half of the time for an answer is over. */
export function aboutUnconfirmed(execution: Execution, expiresAt: number, attempts: readonly Execution[]): Message {
  const { id, prediction, playbook, dry_run } = execution;
  return {
    tone: 'bad',
    title: `Nobody has confirmed ${playbook} yet: ${prediction.resource}${onHost(prediction.host)}`,
    text: `${playbook} passed every gate and its dry run, and waits for a person since ${atTime(execution.claimed_at)}. Unanswered, it expires at ${atTime(expiresAt)}, and nothing is done.`,
    details: details(
      [causeOf(prediction), predictionInWords(prediction)],
      ['Since', sinceWhen(execution.claimed_at, prediction)],
      ['The dry run found', resultInWords(dry_run?.result ?? null)],
      ['Tried', triedInWords(attempts)],
      ['Answer', answersTo(id)],
      ['Look at', lookAt(`forestall history ${id} --output dry_run`, 'ForestallApprovalAwaited')],
    ),
    footer: `Forestall, execution ${id}`,
    at: execution.claimed_at,
    path: `executions/${encodeURIComponent(id)}`,
  };
}

export function answersTo(id: string): string {
  return `forestall approve ${id}, or forestall reject ${id}`;
}

function triedInWords(attempts: readonly Execution[]): Detail['value'] {
  return attempts.length === 0 ? 'nothing was run for it before' : attemptsInWords(attempts);
}

function sinceWhen(instant: number, prediction: Prediction | null): string {
  if (prediction === null || isByName(prediction)) return atTime(instant);
  return `${atTime(instant)}, by a forecast of ${atTime(prediction.observed_at)}`;
}
