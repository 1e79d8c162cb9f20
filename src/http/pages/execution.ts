import { html } from 'hono/html';
import type { Decision } from '../../decision/decision.ts';
import { type CheckResult, type Execution, isFinal, type PhaseOutcome } from '../../execution/execution.ts';
import type { ExecutionReport } from '../../execution/report.ts';
import { isByName } from '../../prediction/by-name.ts';
import { gates } from './gates.ts';
import { facts, stateChip } from './history.ts';
import type { OutputTail } from './ports.ts';
import type { Html } from './respond.ts';
import { bytes, dateTime, days, percent, plain, targetName, time, took } from './words.ts';

export interface ExecutionView {
  readonly execution: Execution;
  /** Null where it is not on record any more. */
  readonly decision: Decision | null;
  readonly output: { readonly dry_run: OutputTail | null; readonly run: OutputTail | null };
  readonly reports: readonly ExecutionReport[];
  /** True where who asks may answer it. */
  readonly acts: boolean;
  readonly now: number;
}

/** One execution: what was asked, what it would do, what it did, who was told. */
export function executionPage(view: ExecutionView): Html {
  const { execution, decision, output, reports, acts, now } = view;
  const { id, playbook, prediction, message, safety_checks, dry_run, run } = execution;
  return html`<article>
<header class="panel">
<h1>${playbook} <span class="quiet">for <bdi>${targetName(prediction)}</bdi></span></h1>
<p class="verdict">${stateChip(execution.state)} ${message}</p>
${facts(execution) === '' ? '' : html`<p><b>${facts(execution)}</b></p>`}
${acts ? question(execution) : ''}
${summary(execution, now)}
</header>
<section class="panel"><h2>Safety checks</h2>${checks(safety_checks)}</section>
${phase('Dry run', 'dry_run', execution, dry_run, output.dry_run)}
${phase('Run', 'run', execution, run, output.run)}
<section class="panel"><h2>Reports</h2>${told(execution, reports, now)}</section>
<section class="panel"><h2>Decision</h2>
${
  decision === null
    ? html`<p>The decision ${execution.decision_id} is not on record.</p>`
    : html`<p><a href="/decisions/${decision.id}">${plain(decision.reason)}</a>: ${decision.message}, ${dateTime(decision.decided_at, now)}</p>
<details><summary>Every gate</summary>${gates(decision.gates)}</details>`
}
</section>
<p class="sub">${id}, also as <a href="/api/v1/executions/${id}">JSON</a></p>
</article>`;
}

/** The two answers, where one is waited for. Both name this execution, whatever the page shows by then. */
function question({ id, state, answered, playbook, dry_run }: Execution): Html {
  if (state !== 'awaiting_approval' || answered !== null) return html``;
  const would = dry_run?.result?.summary ?? 'see the dry run below';
  return html`<div class="question" data-key="question">
<p><b>This waits for you.</b> The dry run says: ${would}. Every gate is asked again when you approve.</p>
<form method="post" action="/executions/${id}/approve"><button class="go">Approve: run ${playbook} for real</button></form>
<form method="post" action="/executions/${id}/reject"><button>Reject</button></form>
</div>`;
}

function summary(execution: Execution, now: number): Html {
  const { prediction, claimed_at, started_at, finished_at, trigger, mode, answered } = execution;
  const { days_until_critical, confidence } = prediction;
  const crossing = days_until_critical === null ? 'no crossing' : `critical in ${days(days_until_critical)} days`;
  const said = isByName(prediction) ? 'an alert that fires' : html`${crossing}, confidence ${percent(confidence)}`;
  return html`<dl class="facts">
<div><dt>Prediction</dt><dd>${plain(prediction.prediction_type)}, ${said}</dd></div>
<div><dt>Claimed</dt><dd>${dateTime(claimed_at, now)}, by ${trigger}${mode === 'dry-run' ? ', dry run only' : ''}</dd></div>
<div><dt>Run started</dt><dd>${dateTime(started_at, now, 'not started')}</dd></div>
<div><dt>Finished</dt><dd>${dateTime(finished_at, now, 'not yet')}</dd></div>
<div><dt>Answered</dt><dd>${answered === null ? '–' : html`by ${answered.by}${answered.from === null ? '' : ` from ${answered.from}`}, ${dateTime(answered.at, now)}`}</dd></div>
<div><dt>Outcome</dt><dd>${outcomeOf(execution, now)}</dd></div>
</dl>`;
}

/** Whether it helped, or when that is found out. */
function outcomeOf(execution: Execution, now: number): Html {
  const { outcome, outcome_message, verify_at, verified_at, days_before, days_after } = execution;
  if (outcome === null) {
    if (verify_at === null) return html`not verified`;
    return verify_at > now ? html`not known, verified ${time(verify_at, now)}` : html`not known, being verified`;
  }
  const both =
    outcome === 'unknown' || isByName(execution.prediction)
      ? ''
      : `: ${shown(days_before)} before, ${shown(days_after)} after`;
  const why = outcome_message === null ? '' : `; ${outcome_message}`;
  return html`${outcome}${both}${why}${verified_at === null ? '' : html`, ${dateTime(verified_at, now)}`}`;
}

function shown(value: number | null): string {
  return value === null ? 'no crossing' : `${days(value)} days`;
}

function checks(results: readonly CheckResult[]): Html {
  if (results.length === 0) return html`<p class="empty">None on record.</p>`;
  return html`<table class="gates"><thead><tr><th scope="col">Check</th><th scope="col">Answer</th><th scope="col">Because</th></tr></thead>
<tbody>${results.map(
    ({ check, passed, message }) =>
      html`<tr class="${passed ? 'pass' : 'stop'}"><th scope="row">${check}</th><td><span class="gate ${passed ? 'pass' : 'stop'}">${passed ? 'passes' : 'fails'}</span></td><td>${message}</td></tr>`,
  )}</tbody></table>`;
}

function phase(
  name: string,
  key: 'dry_run' | 'run',
  execution: Execution,
  outcome: PhaseOutcome | null,
  output: OutputTail | null,
): Html {
  const active = execution.state === (key === 'run' ? 'running' : 'dry_run') && outcome === null;
  return html`<section class="panel"><h2>${name}${active ? html` <span class="chip busy">running</span>` : ''}</h2>
<p>${outcome === null ? (active ? 'Under way.' : isFinal(execution.state) ? 'Did not happen.' : 'Not yet.') : ending(outcome)}</p>
${outcome === null ? '' : effects(outcome)}
<pre class="output ${active ? 'watched' : ''}" id="output-${key}" tabindex="0" role="region" aria-label="Output of the ${name.toLowerCase()}" data-follow>${
    output === null ? 'no output' : output.text === '' ? 'no output yet' : output.text
  }</pre>
${
  output === null
    ? ''
    : html`<p class="sub">${output.cut ? `the end of ${bytes(output.size)}; ` : ''}<a href="/api/v1/executions/${execution.id}/output?phase=${key}">the whole output</a></p>`
}
</section>`;
}

function ending({ error, exit_code, duration_seconds }: PhaseOutcome): Html {
  const time = took(duration_seconds);
  if (error !== null) return html`<span class="gate stop">failed</span> after ${time}: ${error}`;
  return html`<span class="gate pass">ended well</span> after ${time}, exit code ${exit_code ?? 'none'}`;
}

function effects({ result, used_bytes }: PhaseOutcome): Html {
  if (result === null && used_bytes === null) return html``;
  const { summary, changes, freed_bytes, downtime_seconds, affects } = result ?? NO_RESULT;
  return html`<dl class="facts">
<div><dt>Summary</dt><dd>${summary ?? '–'}</dd></div>
<div><dt>Changes</dt><dd>${changes ?? '–'}</dd></div>
<div><dt>Bytes freed, as it says</dt><dd>${freed_bytes === null ? '–' : bytes(freed_bytes)}</dd></div>
<div><dt>In use on the file system</dt><dd>${used_bytes === null ? '–' : `${bytes(used_bytes.before)} before, ${bytes(used_bytes.after)} after`}</dd></div>
<div><dt>Downtime</dt><dd>${downtime_seconds === null ? '–' : took(downtime_seconds)}</dd></div>
<div><dt>Affects</dt><dd>${affects.length === 0 ? '–' : affects.join(', ')}</dd></div>
</dl>`;
}

const NO_RESULT = { summary: null, changes: null, freed_bytes: null, downtime_seconds: null, affects: [] };

function told({ state }: Execution, reports: readonly ExecutionReport[], now: number): Html {
  if (reports.length > 0) return html`<ul>${reports.map((report) => reportLine(report, now))}</ul>`;
  if (!isFinal(state)) return html`<p class="empty">Its end is reported when it has ended.</p>`;
  return html`<p class="empty">No report was due for this end.</p>`;
}

function reportLine({ channel, result, attempts, at }: ExecutionReport, now: number): Html {
  const tries = attempts > 1 || (result === 'waiting' && attempts > 0) ? `, ${attempts} attempts` : '';
  const words = { delivered: 'delivered', dropped: 'given up', waiting: 'not delivered yet' }[result];
  return html`<li><b>${plain(channel)}</b>: ${words}${tries}${at === null ? '' : html`, ${dateTime(at, now)}`}</li>`;
}

/** One decision with every gate that was asked. */
export function decisionPage(decision: Decision, now: number): Html {
  const { verdict, reason, message, target, decided_at, execution_id, mapping, playbook, next_attempt_at } = decision;
  return html`<article><header class="panel">
<h1>${plain(reason)} <span class="quiet">for <bdi>${target === null ? 'no target' : targetName(target)}</bdi></span></h1>
<p class="verdict"><span class="chip ${verdict}">${verdict}</span> ${message}</p>
<dl class="facts">
<div><dt>Decided</dt><dd>${dateTime(decided_at, now)}, by ${decision.trigger}</dd></div>
<div><dt>Mapping</dt><dd>${mapping ?? 'none'}${playbook === null ? '' : `, playbook ${playbook}`}</dd></div>
<div><dt>Opens</dt><dd>${dateTime(next_attempt_at, now, 'not by waiting')}</dd></div>
<div><dt>Repeated</dt><dd>${decision.repeats} times, last ${dateTime(decision.last_at, now)}</dd></div>
<div><dt>Execution</dt><dd>${execution_id === null ? 'none' : html`<a href="/executions/${execution_id}">${execution_id}</a>`}</dd></div>
</dl></header>
<section class="panel"><h2>Gates</h2>${gates(decision.gates)}</section></article>`;
}
