import { html } from 'hono/html';
import type { Budgets, PlaybookBudget } from './ports.ts';
import type { Html } from './respond.ts';
import { time } from './words.ts';

/** What is left of each playbook's guards: used, limit, next possible. */
export function budgets({ playbooks, daily_executions, daily_limit }: Budgets, now: number): Html {
  return html`<section class="panel budgets" aria-labelledby="budgets">
<h2 id="budgets">Budgets</h2>
<table>
<thead><tr><th scope="col">Playbook</th><th scope="col">Used</th><th scope="col">Next possible</th></tr></thead>
<tbody>
${playbooks.map((budget) => playbookRow(budget, now))}
<tr><th scope="row">all playbooks</th><td>${used(daily_executions, daily_limit, '24 h')}</td><td>${
    daily_limit !== null && daily_executions >= daily_limit ? 'at the daily limit' : 'now'
  }</td></tr>
</tbody>
</table>
</section>`;
}

function playbookRow(budget: PlaybookBudget, now: number): Html {
  const { playbook, weekly_executions, weekly_limit, circuit_open, next_possible_at: at } = budget;
  const next = at === null ? html`now` : at === Infinity ? html`not by waiting` : time(at, now);
  return html`<tr><th scope="row">${playbook}</th><td>${used(weekly_executions, weekly_limit, '7 d')}</td><td>${next}${
    circuit_open ? html` <strong class="stale">circuit open</strong>` : ''
  }</td></tr>`;
}

function used(count: number, limit: number | null, per: string): Html {
  if (limit === null) return html`${count} in ${per}`;
  return html`<span class="used"><span>${count} of ${limit} in ${per}</span><svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect class="all" width="100" height="6"/><rect class="part ${
    count >= limit ? 'full' : ''
  }" width="${limit === 0 ? 100 : Math.min(100, Math.round((count / limit) * 100))}" height="6"/></svg></span>`;
}
