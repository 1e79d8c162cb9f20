import { html } from 'hono/html';
import type { Decision } from '../../decision/decision.ts';
import { gates } from './gates.ts';
import type { Automation } from './ports.ts';
import type { Html } from './respond.ts';
import { plain } from './words.ts';

/** A prediction as somebody typed it. */
export interface Typed {
  readonly type: string;
  readonly resource: string;
  readonly host: string;
  readonly days: string;
  readonly confidence: string;
}

export interface TryView {
  readonly typed: Typed;
  /** What the gates say to it; null where nothing was asked yet. */
  readonly decision: Decision | null;
  readonly problems: readonly string[];
  /** Known prediction types, offered while typing. */
  readonly types: readonly string[];
  /** True where who asks may run it. */
  readonly acts: boolean;
}

/** A synthetic prediction: what every gate says first, then a dry run, then for real. */
export function tryPage({ typed, decision, problems, types, acts }: TryView): Html {
  return html`<section class="panel" aria-labelledby="try">
<h1 id="try">Try a prediction</h1>
<p>Shows what every gate says to it. Nothing is recorded and nothing runs.</p>
<form class="fields" method="get" action="/try">
<label>Type<input name="type" value="${typed.type}" list="types" required autocomplete="off"></label>
<datalist id="types">${types.map((type) => html`<option value="${type}"></option>`)}</datalist>
<label>Resource<input name="resource" value="${typed.resource}" required autocomplete="off"></label>
<label>Host (optional)<input name="host" value="${typed.host}" autocomplete="off"></label>
<label>Days until critical<input name="days" value="${typed.days}" required inputmode="decimal" autocomplete="off" aria-describedby="days-help"></label>
<label>Confidence, 0 to 1<input name="confidence" value="${typed.confidence}" required inputmode="decimal" autocomplete="off"></label>
<button>Explain</button>
</form>
<p class="sub" id="days-help">Days: a number, <code>now</code> or <code>never</code>.</p>
${problems.length === 0 ? '' : html`<ul class="problems" role="alert">${problems.map((problem) => html`<li>${problem}</li>`)}</ul>`}
</section>
${decision === null ? '' : answer(typed, decision, acts)}`;
}

function answer(typed: Typed, decision: Decision, acts: boolean): Html {
  const { verdict, mapping, playbook } = decision;
  return html`<section class="panel" aria-labelledby="answer">
<h2 id="answer">${verdict === 'approved' ? 'It would run' : 'It would not run'}</h2>
<p class="verdict"><span class="chip ${verdict}">${verdict}</span> ${said(decision)}</p>
<p>${mapping === null ? 'No mapping matches.' : `Mapping ${mapping}, playbook ${playbook ?? 'none'}.`}</p>
${gates(decision.gates)}
${
  playbook === null || !acts
    ? ''
    : html`<div class="question">
<form method="post" action="/try">${hidden(typed)}<input type="hidden" name="mode" value="dry-run"><button>Dry run ${playbook}</button></form>
<form method="get" action="/try/live">${hidden(typed)}<button>Run for real…</button></form>
</div>
<p class="sub">A dry run asks no cooldown and no limit, and changes nothing. For real, you are asked once more.</p>`
}
</section>`;
}

/** The last question before a prediction that somebody typed acts. */
export function confirmPage(typed: Typed, decision: Decision, { mode }: Automation): Html {
  const { playbook, verdict } = decision;
  const acts = mode === 'dry_run' ? 'Dry run mode is on: it ends after the dry run.' : 'It changes this system.';
  return html`<section class="panel narrow" aria-labelledby="confirm">
<h1 id="confirm">Run ${playbook ?? 'nothing'} for <bdi>${typed.resource}</bdi>?</h1>
<p><b>${acts}</b> The prediction (${plain(typed.type)}, ${typed.days} days, confidence ${typed.confidence}) is exported and decided on as if a forecast had made it.</p>
<p class="verdict"><span class="chip ${verdict}">${verdict}</span> ${said(decision)}</p>
<div class="question">
<form method="post" action="/try">${hidden(typed)}<input type="hidden" name="mode" value="live"><button class="go">Yes, run ${playbook ?? 'it'} for real</button></form>
<a class="button" href="/try?${new URLSearchParams({ ...typed })}">No, back</a>
</div>
</section>`;
}

/** The reason and its sentence; an approval needs no reason. */
function said({ verdict, reason, message }: Decision): string {
  return verdict === 'approved' ? message : `${plain(reason)}: ${message}`;
}

function hidden(typed: Typed): readonly Html[] {
  return Object.entries(typed).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);
}
