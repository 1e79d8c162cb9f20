import { html } from 'hono/html';
import { axis, horizonOf, scale } from './axis.ts';
import { forecastLink, unforecast } from './forecast-page.ts';
import { nextStep, type Situation } from './next-step.ts';
import type { Outlook, OutlookItem } from './ports.ts';
import type { Html } from './respond.ts';
import { count, counted, days, percent, plain, time } from './words.ts';

/** So many predictions are on one page. */
export const PER_PAGE = 100;

export interface PredictionsView {
  readonly outlook: Outlook;
  readonly situation: Situation;
  /** Place of the first one shown. */
  readonly from: number;
}

/** Each prediction on an axis from now to critical, and what happens next to it. */
export function predictions({ outlook, situation, from }: PredictionsView): Html {
  const { now } = situation;
  const { items, total, stale } = outlook;
  const horizon = horizonOf(items, now);
  return html`<section class="panel predictions" aria-labelledby="predictions">
<div class="head"><h2 id="predictions">Predictions</h2><p>${counted(total, 'prediction')}${stale > 0 ? html`, <b>${count(stale)} stale</b>` : ''}</p></div>
${sourceProblems(outlook)}${unforecast(outlook.none)}
${
  items.length === 0
    ? html`<p class="empty">${total === 0 ? 'Nothing is predicted. Predictions come from the configured files and from POST /api/v1/predictions.' : 'There are no more.'}</p>`
    : html`<div class="row scale-row" aria-hidden="true"><span>most urgent first</span>${scale(horizon)}<span>critical in</span><span>what happens next</span></div>
<ol class="rows" start="${from + 1}">${items.map((item) => row(item, situation, horizon))}</ol>`
}
${pager(from, items.length, total)}
</section>`;
}

function row(item: OutlookItem, situation: Situation, horizon: number): Html {
  const { now } = situation;
  const { prediction, mapping, stale } = item;
  const { prediction_type, resource, host, days_until_critical, confidence, source, observed_at } = prediction;
  const { tone, words } = nextStep(item, situation);
  const until = days_until_critical === null ? html`no crossing` : html`${days(days_until_critical)} d`;
  const least = mapping?.conditions.min_confidence;
  return html`<li class="row">
<div class="what"><a class="name" href="${tryLink(item)}" title="Every gate for ${resource}"><bdi>${resource}</bdi></a>
<span class="sub">${plain(prediction_type)}${host === null ? '' : html` on <bdi>${host}</bdi>`}</span></div>
${axis(item, tone, horizon, now)}
<div class="numbers"><b>${item.forecast ? html`<a href="${forecastLink(prediction)}" title="The forecast of ${resource}">${until}</a>` : until}</b>
<span class="sub">${percent(confidence)}${least === undefined ? ' sure' : `, needs ${percent(least)}`}</span></div>
<div class="next tone-${tone}"><b title="${words}">${words}</b>
<span class="sub">${stale ? html`<strong class="stale">stale</strong> ` : ''}${time(observed_at, now)} from <bdi>${shortSource(source)}</bdi>${
    mapping === null ? '' : html` → ${mapping.action.playbook}`
  }</span></div>
</li>`;
}

function tryLink({ prediction }: OutlookItem): string {
  const { prediction_type, resource, host, days_until_critical, confidence } = prediction;
  const query = new URLSearchParams({
    type: prediction_type,
    resource,
    host: host ?? '',
    days: days_until_critical === null ? 'never' : String(days_until_critical),
    confidence: String(confidence),
  });
  return `/try?${query}`;
}

/** A file is told by its name: its folder is in the configuration. */
function shortSource(source: string): string {
  return source.startsWith('file:') ? source.slice(source.lastIndexOf('/') + 1) : source;
}

function sourceProblems({ sources }: Outlook): Html {
  const wrong = sources.filter(({ up, problem }) => !up || problem !== null);
  if (wrong.length === 0) return html``;
  return html`<ul class="problems">${wrong.map(
    ({ source, up, problem }) =>
      html`<li><b>${up ? 'Part of a source is unreadable' : 'Source down'}</b>: ${shortSource(source)}: ${problem ?? 'not read yet'}</li>`,
  )}</ul>`;
}

function pager(from: number, shown: number, total: number): Html {
  if (total <= PER_PAGE) return html``;
  const next = from + shown;
  return html`<nav class="pager" aria-label="More predictions">
<span>${shown === 0 ? 'none' : `${count(from + 1)} to ${count(next)}`} of ${count(total)}</span>
${from > 0 ? html`<a href="/predictions?from=${Math.max(0, from - PER_PAGE)}">more urgent</a>` : ''}
${next < total ? html`<a href="/predictions?from=${next}">less urgent</a>` : ''}
</nav>`;
}
