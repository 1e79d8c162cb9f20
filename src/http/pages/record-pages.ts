import { html } from 'hono/html';
import { FINAL_STATES, isFinal, UNFINISHED_STATES } from '../../execution/execution.ts';
import { checkQuery } from '../input.ts';
import { HttpProblem } from '../problem.ts';
import { executionIdOf, noExecution, withoutUndefined } from '../record.ts';
import type { HttpContext, HttpScope, Route } from '../route.ts';
import { executionsQuery } from '../schemas/queries.ts';
import { decisionPage, executionPage } from './execution.ts';
import { mayAct } from './handler.ts';
import { executionList } from './history.ts';
import { shell } from './layout.ts';
import { type Html, pageAnswer } from './respond.ts';
import { plain } from './words.ts';

/** Pages of what the ledger holds. */
export function recordPageRoutes(scope: HttpScope): readonly Route[] {
  return [
    { method: 'GET', path: '/executions', handle: (context) => listOf(context, scope) },
    { method: 'GET', path: '/executions/:id', handle: (context) => oneExecution(context, scope) },
    { method: 'GET', path: '/decisions/:id', handle: (context) => oneDecision(context, scope) },
  ];
}

async function listOf({ req }: HttpContext, { record, pages }: HttpScope): Promise<Response> {
  const filter = withoutUndefined(checkQuery(executionsQuery, filledIn(req.url)));
  const version = await pages.version();
  const now = pages.now();
  const { items, next } = await record.executions(filter);
  const { before: _before, ...rest } = filter;
  const query = new URLSearchParams(
    Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, String(value)])),
  );
  if (next !== null) query.set('before', next);
  const content = html`<section class="panel" aria-labelledby="history">
<h1 id="history">History</h1>
<form class="fields" method="get" action="/executions">
<label>Playbook<input name="playbook" value="${filter.playbook ?? ''}" autocomplete="off"></label>
<label>State<select name="state"><option value="">any</option>${[...UNFINISHED_STATES, ...FINAL_STATES].map((state) => choice(state, filter.state))}</select></label>
<button>Show</button>
</form>
${executionList(items, now)}
<nav class="pager" aria-label="Pages of the history">${filter.before === undefined ? '' : html`<a href="/executions">newest</a>`} ${
    next === null ? html`<span>that is all</span>` : html`<a href="/executions?${query}">older</a>`
  }</nav>
</section>`;
  return await pageAnswer(200, shell({ title: 'History', version, now }, content));
}

function choice(state: string, chosen: string | undefined): Html {
  return html`<option value="${state}" ${state === chosen ? 'selected' : ''}>${plain(state)}</option>`;
}

/** A form sends its empty fields too; they are not filters. */
function filledIn(url: string): string {
  const given = new URL(url);
  for (const [name, value] of [...given.searchParams]) if (value === '') given.searchParams.delete(name, value);
  return given.href;
}

/** Milliseconds between looks at the output of what runs. */
const WATCH_EVERY = 1_000;

async function oneExecution(context: HttpContext, scope: HttpScope): Promise<Response> {
  const { record, pages } = scope;
  const id = executionIdOf(context.req.param('id'));
  const version = await pages.version();
  const now = pages.now();
  const execution = await record.execution(id);
  if (execution === null) throw noExecution();
  const [decision, dry_run, run, reports] = await Promise.all([
    pages.decision(execution.decision_id),
    pages.outputTail(id, 'dry_run'),
    pages.outputTail(id, 'run'),
    pages.reportsOf(id),
  ]);
  const content = executionPage({
    execution,
    decision,
    output: { dry_run, run },
    reports,
    acts: mayAct(context, scope),
    now,
  });
  const active = !isFinal(execution.state) && execution.state !== 'awaiting_approval';
  const title = `${plain(execution.state)}: ${execution.playbook}`;
  return await pageAnswer(200, shell({ title, version, now, refresh: active ? WATCH_EVERY : null }, content));
}

async function oneDecision({ req }: HttpContext, { pages }: HttpScope): Promise<Response> {
  const id = req.param('id') ?? '';
  const version = await pages.version();
  const now = pages.now();
  const decision = /^[\w.-]{1,128}$/.test(id) ? await pages.decision(id) : null;
  if (decision === null) throw new HttpProblem(404, 'not_found', 'there is no decision with this id');
  const title = `${decision.verdict}: ${plain(decision.reason)}`;
  return await pageAnswer(200, shell({ title, version, now }, decisionPage(decision, now)));
}
