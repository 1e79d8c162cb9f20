import { atTime, inWords, num } from '../decision/words.ts';
import type { Execution, ExecutionState } from '../execution/execution.ts';
import { isByName } from '../prediction/by-name.ts';
import type { Prediction } from '../prediction/prediction.ts';
import type { IssueEntry } from './issues-text.ts';
import { causeOf, predictionInWords, resultInWords } from './words.ts';

const CATEGORY: Readonly<Record<string, string>> = {
  disk_exhaustion: 'disk-space',
  memory_exhaustion: 'memory',
  swap_exhaustion: 'memory',
  service_drift: 'configuration-drift',
};

/** How a state reads in the log: `outcome` is for people who look through it. */
const STATUS: Partial<Record<ExecutionState, { readonly status: string; readonly outcome: string }>> = {
  succeeded: { status: 'resolved', outcome: 'mitigated' },
  failed: { status: 'open', outcome: 'remediation failed' },
  interrupted: { status: 'open', outcome: 'remediation interrupted' },
  dry_run_only: { status: 'open', outcome: 'dry run only, nothing was changed' },
};

/** When the entry's execution ended; entries are named and dated by it, in UTC, so that no hour comes twice in autumn. */
export function entryTime(execution: Execution): number {
  return execution.finished_at ?? execution.started_at ?? execution.claimed_at;
}

/** `ISS-PROACTIVE-YYYYMMDDHHMMSS` of the instant in UTC, with `-2`, `-3`, … where that is taken. */
export function entryId(instant: number, taken: ReadonlySet<unknown>): string {
  const id = `ISS-PROACTIVE-${new Date(instant).toISOString().replace(/\D/g, '').slice(0, 14)}`;
  if (!taken.has(id)) return id;
  for (let n = 2; ; n++) {
    if (!taken.has(`${id}-${n}`)) return `${id}-${n}`;
  }
}

/** The entry of an execution but for its id. The same execution always gives the same entry. */
export function contextEntry(execution: Execution): IssueEntry {
  const { prediction, playbook, state } = execution;
  const created = atTime(entryTime(execution));
  return {
    title: `${playbook}: ${prediction.prediction_type} of ${prediction.resource}${onHost(prediction.host)}`,
    category: categoryOf(prediction),
    severity: severityOf(execution),
    ...(STATUS[state] ?? { status: 'open', outcome: state.replaceAll('_', ' ') }),
    created_at: created,
    date_encountered: atTime(execution.claimed_at).slice(0, 10),
    description: `${causeOf(prediction)} of ${atTime(prediction.observed_at)}${onHost(prediction.host)}: ${predictionInWords(prediction)}.`,
    resolution: resolutionOf(execution),
    tags: ['auto-remediation', playbook],
    execution_id: execution.id,
  };
}

function categoryOf(prediction: Prediction): string {
  if (isByName(prediction)) return 'alert';
  return CATEGORY[prediction.prediction_type] ?? prediction.prediction_type.replaceAll('_', '-');
}

/** How bad what was forecast would have been by now, and worse by a step where the remediation did not end well. */
function severityOf({ prediction, state }: Execution): string {
  const days = prediction.days_until_critical;
  const near = days !== null && days < 3;
  if (state === 'failed' || state === 'interrupted') return near ? 'critical' : 'high';
  return near ? 'high' : 'medium';
}

function resolutionOf(execution: Execution): string {
  const { playbook, run, dry_run, state } = execution;
  const phase = state === 'dry_run_only' ? dry_run : run;
  const what = state === 'dry_run_only' ? `Dry run of ${playbook}` : `Ran ${playbook}`;
  if (phase === null) return `${what}: ${execution.message}`;
  const took = `${what} for ${inWords(phase.duration_seconds * 1000)}`;
  const exit = phase.exit_code === null ? '' : ` (exit code ${num(phase.exit_code)})`;
  if (phase.error !== null) return `${took}${exit}: ${phase.error}`;
  const isSilent = phase.result === null || (phase.result.changes === null && phase.result.freed_bytes === null);
  // What the file system says instead is in the message.
  if (phase === run && isSilent && phase.used_bytes !== null) return `${took}: ${execution.message}`;
  const details = resultInWords(phase.result);
  return details === '' ? `${took}${exit}.` : `${took}: ${details}`;
}

const onHost = (host: string | null): string => (host === null ? '' : ` on ${host}`);
