import { html } from 'hono/html';
import { HttpProblem } from '../problem.ts';
import type { HttpContext, HttpScope, Route } from '../route.ts';
import { banner, modeName } from './banner.ts';
import { budgets } from './budgets.ts';
import { mayAct } from './handler.ts';
import { decisionList, executionList } from './history.ts';
import { shell } from './layout.ts';
import { PER_PAGE, predictions } from './predictions.ts';
import { pageAnswer } from './respond.ts';
import { tiles } from './tiles.ts';

const NEWEST_EXECUTIONS = 12;
const NEWEST_DECISIONS = 8;

/** `/`, and the predictions beyond the most urgent ones. */
export function statusRoutes(scope: HttpScope): readonly Route[] {
  return [
    { method: 'GET', path: '/', handle: (context) => statusPage(context, scope) },
    { method: 'GET', path: '/predictions', handle: (context) => morePredictions(context, scope) },
  ];
}

async function statusPage(context: HttpContext, scope: HttpScope): Promise<Response> {
  const { pages, record } = scope;
  // First: what changes while the page is made is newer than it.
  const version = await pages.version();
  const now = pages.now();
  const [automation, outlook, left, unfinished, executions, decisions] = await Promise.all([
    pages.automation(),
    pages.outlook(0, PER_PAGE),
    pages.budgets(),
    pages.unfinished(),
    record.executions({ limit: NEWEST_EXECUTIONS }),
    record.decisions({ limit: NEWEST_DECISIONS }),
  ]);
  const situation = { automation, unfinished, now };
  const content = html`${banner(automation, mayAct(context, scope), now)}
${tiles({ outlook, situation, executions: executions.items })}
<div class="columns">
<div class="side">
${predictions({ outlook, situation, from: 0 })}
<section class="panel" aria-labelledby="decisions"><h2 id="decisions">Decisions</h2>${decisionList(decisions.items, now)}</section>
</div>
<div class="side">
${budgets(left, now)}
<section class="panel" aria-labelledby="executions"><div class="head"><h2 id="executions">Executions</h2>${
    executions.next === null ? '' : html`<a href="/executions?before=${executions.next}">older</a>`
  }</div>${executionList(executions.items, now)}</section>
</div>
</div>`;
  return await pageAnswer(200, shell({ title: modeName(automation), version, now }, content));
}

async function morePredictions({ req }: HttpContext, { pages }: HttpScope): Promise<Response> {
  const given = req.query('from') ?? '0';
  if (!/^\d{1,7}$/.test(given)) {
    throw new HttpProblem(400, 'bad_request', 'the query cannot be used', [
      { path: 'from', message: 'expected a place' },
    ]);
  }
  const from = Number(given);
  const version = await pages.version();
  const now = pages.now();
  const [automation, outlook, unfinished] = await Promise.all([
    pages.automation(),
    pages.outlook(from, PER_PAGE),
    pages.unfinished(),
  ]);
  const content = html`<h1 class="plain">Predictions</h1>${predictions({ outlook, situation: { automation, unfinished, now }, from })}`;
  return await pageAnswer(200, shell({ title: 'Predictions', version, now }, content));
}
