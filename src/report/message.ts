import { atTime, inWords } from '../decision/words.ts';
import type { Execution, ExecutionState } from '../execution/execution.ts';
import { trendInWords, type VerifiedRun } from '../execution/gains.ts';
import type { ReportSubject, SourceReport } from '../execution/report.ts';
import { attemptsInWords } from './attempts.ts';
import { aboutEscalation, aboutMasking, aboutUnconfirmed, answersTo } from './escalation-message.ts';
import { details, lookAt, type Message, onHost } from './message-parts.ts';
import { causeOf, predictionInWords, resultInWords } from './words.ts';

const HOW_IT_ENDED: Partial<Record<ExecutionState, { readonly words: string; readonly tone: Message['tone'] }>> = {
  awaiting_approval: { words: 'waits for confirmation', tone: 'warning' },
  succeeded: { words: 'succeeded', tone: 'good' },
  failed: { words: 'failed', tone: 'bad' },
  interrupted: { words: 'was interrupted', tone: 'bad' },
  dry_run_only: { words: 'passed its dry run (dry run only)', tone: 'neutral' },
  rejected: { words: 'was rejected', tone: 'warning' },
  dry_run_failed: { words: 'failed its dry run', tone: 'warning' },
  expired: { words: 'expired', tone: 'warning' },
  denied: { words: 'was denied', tone: 'neutral' },
};

/** `attempts`: what was tried for the target of the subject so far, newest first. */
export function messageOf(subject: ReportSubject, attempts: readonly Execution[] = []): Message {
  switch (subject.kind) {
    case 'execution':
      return aboutExecution(subject.execution, attempts);
    case 'escalation':
      return aboutEscalation(subject.decision, attempts);
    case 'unconfirmed':
      return aboutUnconfirmed(subject.execution, subject.expires_at, attempts);
    case 'outcome':
      return aboutOutcome(subject.execution, subject.runs, attempts);
    case 'masking':
      return aboutMasking(subject.execution, subject.masking);
    case 'source':
      return aboutSource(subject.report);
  }
}

function aboutExecution(execution: Execution, attempts: readonly Execution[]): Message {
  const { prediction, playbook, state } = execution;
  const end = HOW_IT_ENDED[state] ?? { words: state.replaceAll('_', ' '), tone: 'neutral' };
  const phase = execution.run ?? execution.dry_run;
  const waits = state === 'awaiting_approval';
  const failed = execution.safety_checks.filter(({ passed }) => !passed);
  return {
    tone: end.tone,
    title: `${playbook} ${end.words}: ${prediction.resource}${onHost(prediction.host)}`,
    text: execution.message,
    details: details(
      [causeOf(prediction), predictionInWords(prediction)],
      [waits ? 'The dry run found' : 'Result', resultInWords(phase?.result ?? null)],
      ['Error', phase?.error ?? ''],
      ['Answer', waits ? answersTo(execution.id) : ''],
      ['Tried before', waits ? attemptsInWords(attempts) : ''],
      ['Failed checks', failed.map(({ check, message }) => `${check} (${message})`).join('; ')],
      ['Took', phase === null ? '' : inWords(phase.duration_seconds * 1000)],
    ),
    footer: `Forestall, execution ${execution.id}`,
    at: execution.finished_at ?? execution.claimed_at,
    path: `${waits ? '' : 'api/v1/'}executions/${encodeURIComponent(execution.id)}`,
  };
}

function aboutOutcome(execution: Execution, runs: readonly VerifiedRun[], attempts: readonly Execution[]): Message {
  const { id, playbook, prediction, outcome, outcome_message, started_at } = execution;
  const effective = outcome === 'effective';
  const trend = trendInWords(runs);
  return {
    tone: effective ? 'good' : 'bad',
    title: `${playbook} ${effective ? 'helped' : 'did not help'}: ${prediction.resource}${onHost(prediction.host)}`,
    text: trend === '' ? (outcome_message ?? '') : trend,
    details: details(
      ['Outcome', `${outcome}: ${outcome_message ?? ''}`],
      [`${causeOf(prediction)} before`, predictionInWords(prediction)],
      ['Ran', started_at === null ? '' : atTime(started_at)],
      ['Tried', effective ? '' : attemptsInWords(attempts)],
      ['Look at', effective ? '' : lookAt(`forestall history ${id} --output run`, 'ForestallRemediationIneffective')],
    ),
    footer: `Forestall, execution ${id}`,
    at: execution.verified_at ?? execution.claimed_at,
    path: `executions/${encodeURIComponent(id)}`,
  };
}

const WRONG: Readonly<Record<SourceReport['trouble'], string>> = {
  down: 'cannot be read',
  silent: 'has gone silent',
  stuck: 'says the same for days',
};

function aboutSource({ source, trouble, problem, since, at }: SourceReport): Message {
  return {
    tone: 'bad',
    title: `A source of predictions ${WRONG[trouble]}: ${source}`,
    text: `${source} ${problem}. Nothing that it predicts is acted on once it is stale, and nothing new is known until it speaks again.`,
    details: details(['Since', atTime(since)]),
    footer: 'Forestall, sources of predictions',
    at,
    path: '',
  };
}
