import type { Decision } from '../decision/decision.ts';
import { atTime, inWords } from '../decision/words.ts';
import type { Execution, ExecutionState } from '../execution/execution.ts';
import { type Masking, trendInWords, type VerifiedRun } from '../execution/gains.ts';
import type { ReportSubject, SourceReport } from '../execution/report.ts';
import { maskingInWords, runsInWords } from './masking.ts';
import { predictionInWords, resultInWords } from './words.ts';

/** What is said to people about a subject, before any channel's limits and escaping: plain text, parts of it foreign. */
export interface Message {
  readonly tone: 'good' | 'bad' | 'warning' | 'neutral';
  readonly title: string;
  readonly text: string;
  readonly details: readonly { readonly name: string; readonly value: string }[];
  readonly footer: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Path under the service's external URL where more is to be seen. */
  readonly path: string;
}

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

export function messageOf(subject: ReportSubject): Message {
  switch (subject.kind) {
    case 'execution':
      return aboutExecution(subject.execution);
    case 'escalation':
      return aboutEscalation(subject.decision);
    case 'outcome':
      return aboutOutcome(subject.execution, subject.runs);
    case 'masking':
      return aboutMasking(subject.execution, subject.masking);
    case 'source':
      return aboutSource(subject.report);
  }
}

function aboutExecution(execution: Execution): Message {
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
      ['Forecast', predictionInWords(prediction)],
      [waits ? 'The dry run found' : 'Result', resultInWords(phase?.result ?? null)],
      ['Error', phase?.error ?? ''],
      ['Answer', waits ? `forestall approve ${execution.id}, or forestall reject ${execution.id}` : ''],
      ['Failed checks', failed.map(({ check, message }) => `${check} (${message})`).join('; ')],
      ['Took', phase === null ? '' : inWords(phase.duration_seconds * 1000)],
    ),
    footer: `Forestall, execution ${execution.id}`,
    at: execution.finished_at ?? execution.claimed_at,
    path: `${waits ? '' : 'api/v1/'}executions/${encodeURIComponent(execution.id)}`,
  };
}

function aboutEscalation(decision: Decision): Message {
  const { target, prediction } = decision;
  const what = target === null ? (decision.alertname ?? 'an alert') : `${target.prediction_type} of ${target.resource}`;
  return {
    tone: 'bad',
    title: `A person has to act: ${what}${onHost(target?.host ?? null)}`,
    text: decision.message,
    details: details(
      ['Reason', decision.reason],
      ['Forecast', prediction === null ? '' : predictionInWords(prediction)],
      ['Playbook that was not run', decision.playbook ?? ''],
      ['Alert', decision.alertname ?? ''],
    ),
    footer: `Forestall, decision ${decision.id}`,
    at: decision.decided_at,
    path: '',
  };
}

function aboutOutcome(execution: Execution, runs: readonly VerifiedRun[]): Message {
  const { id, playbook, prediction, outcome, outcome_message, started_at } = execution;
  const effective = outcome === 'effective';
  const trend = trendInWords(runs);
  return {
    tone: effective ? 'good' : 'bad',
    title: `${playbook} ${effective ? 'helped' : 'did not help'}: ${prediction.resource}${onHost(prediction.host)}`,
    text: trend === '' ? (outcome_message ?? '') : trend,
    details: details(
      ['Outcome', `${outcome}: ${outcome_message ?? ''}`],
      ['Forecast before', predictionInWords(prediction)],
      ['Ran', started_at === null ? '' : atTime(started_at)],
    ),
    footer: `Forestall, execution ${id}`,
    at: execution.verified_at ?? execution.claimed_at,
    path: `executions/${encodeURIComponent(id)}`,
  };
}

function aboutMasking(execution: Execution, masking: Masking): Message {
  const { id, prediction } = execution;
  return {
    tone: 'bad',
    title: `A person has to act: ${prediction.prediction_type} of ${prediction.resource}${onHost(prediction.host)} is masked, not solved`,
    text: maskingInWords(execution, masking),
    details: details(['Runs', runsInWords(masking.runs)], ['Forecast before the last', predictionInWords(prediction)]),
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

function details(...all: readonly (readonly [name: string, value: string])[]): Message['details'] {
  return all.filter(([, value]) => value.trim() !== '').map(([name, value]) => ({ name, value }));
}

const onHost = (host: string | null): string => (host === null ? '' : ` on ${host}`);
