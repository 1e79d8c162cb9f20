import type { Decision } from '../decision/decision.ts';
import { inWords } from '../decision/words.ts';
import type { Execution, ExecutionState } from '../execution/execution.ts';
import type { ReportSubject } from '../execution/report.ts';
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
  return subject.kind === 'execution' ? aboutExecution(subject.execution) : aboutEscalation(subject.decision);
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

function details(...all: readonly (readonly [name: string, value: string])[]): Message['details'] {
  return all.filter(([, value]) => value.trim() !== '').map(([name, value]) => ({ name, value }));
}

const onHost = (host: string | null): string => (host === null ? '' : ` on ${host}`);
