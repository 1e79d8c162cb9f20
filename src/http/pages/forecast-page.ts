import { html } from 'hono/html';
import type { Mapping } from '../../mapping/mapping.ts';
import type { Forecasted, Unforecast } from '../../prediction/forecasted.ts';
import type { Prediction, Target } from '../../prediction/prediction.ts';
import { HttpProblem } from '../problem.ts';
import type { HttpContext, HttpScope, Route } from '../route.ts';
import { forecastChart } from './forecast-chart.ts';
import { shell } from './layout.ts';
import { type Html, pageAnswer } from './respond.ts';
import { counted, days, instant, percent, plain, targetName, time, value } from './words.ts';

/** What a forecast of our own rests on. */
export function forecastRoutes(scope: HttpScope): readonly Route[] {
  return [{ method: 'GET', path: '/forecast', handle: (context) => forecastPage(context, scope) }];
}

export function forecastLink({ prediction_type, resource, host }: Target): string {
  return `/forecast?${new URLSearchParams({ type: prediction_type, resource, ...(host === null ? {} : { host }) })}`;
}

async function forecastPage({ req }: HttpContext, { pages }: HttpScope): Promise<Response> {
  const [prediction_type, resource] = [req.query('type') ?? '', req.query('resource') ?? ''];
  const host = req.query('host') ?? '';
  const version = await pages.version();
  const found = await pages.forecastOf({ prediction_type, resource, host: host === '' ? null : host });
  if (found === null) throw new HttpProblem(404, 'not_found', 'the service has made no forecast of this');
  const now = pages.now();
  const title = `Forecast of ${targetName(found.forecasted.prediction)}`;
  return await pageAnswer(200, shell({ title, version, now }, content(found.forecasted, found.mapping, now)));
}

function content(forecasted: Forecasted, mapping: Mapping | null, now: number): Html {
  const { prediction, critical, made_at, reasons } = forecasted;
  return html`<section class="panel forecast" aria-labelledby="forecast">
<h1 id="forecast">Forecast of <bdi>${targetName(prediction)}</bdi></h1>
<p><b>${whenInWords(prediction)}</b>, ${percent(prediction.confidence)} sure. ${plain(prediction.prediction_type)}, critical from ${value(critical)} on.</p>
<figure>
${forecastChart(forecasted, mapping?.conditions ?? null)}
<figcaption class="sub">Solid: measured. Band: eight in ten end within it. Dashed: critical.${
    mapping === null ? '' : ` Shaded: the window in which ${mapping.action.playbook} may run.`
  } Marks at the bottom: past cleanups.</figcaption>
</figure>
<h2>Why</h2>
<ul class="reasons">${reasons.map((reason) => html`<li>${reason}</li>`)}</ul>
${tables(forecasted)}
<p class="sub">Made ${time(made_at, now)} by ${prediction.source}, from samples up to ${instant(prediction.observed_at)}. <a href="/">Back to the status page</a></p>
</section>`;
}

function whenInWords({ days_until_critical }: Prediction): string {
  if (days_until_critical === null) return 'No crossing is expected';
  return days_until_critical === 0 ? 'Critical now' : `Critical in ${days(days_until_critical)} days`;
}

function tables(forecasted: Forecasted): Html {
  const { fan, cleanups } = forecasted;
  const chances = [
    [1, forecasted.p_within_1d],
    [3, forecasted.p_within_3d],
    [7, forecasted.p_within_7d],
    [14, forecasted.p_within_14d],
  ] as const;
  return html`<h2>In numbers</h2>
<table class="figures">
<thead><tr><th scope="col">Within</th><th scope="col">Critical</th></tr></thead>
<tbody>${chances.map(([within, chance]) => html`<tr><th scope="row">${counted(within, 'day')}</th><td>${percent(chance)}</td></tr>`)}</tbody>
</table>
<table class="figures">
<thead><tr><th scope="col">In</th><th scope="col">One in ten below</th><th scope="col">Most likely</th><th scope="col">One in ten above</th></tr></thead>
<tbody>${fan.map(
    (point) =>
      html`<tr><th scope="row">${counted(point.days, 'day')}</th><td>${value(point.low)}</td><td>${value(point.middle)}</td><td>${value(point.high)}</td></tr>`,
  )}</tbody>
</table>
${
  cleanups.length === 0
    ? ''
    : html`<h2>Past cleanups</h2><ul>${cleanups
        .slice(-20)
        .toReversed()
        .map(({ at, from, to }) => html`<li>${instant(at * 1000)}: from ${value(from)} to ${value(to)}</li>`)}</ul>`
}`;
}

/** Series of which nothing can be said, with the reason; so many are listed. */
const LISTED = 50;

export function unforecast(none: readonly Unforecast[]): Html {
  if (none.length === 0) return html``;
  const rest = none.length - LISTED;
  return html`<details class="none"><summary>${counted(none.length, 'resource has', 'resources have')} no forecast</summary>
<ul>${none.slice(0, LISTED).map(({ target, reason }) => html`<li><bdi>${targetName(target)}</bdi> (${plain(target.prediction_type)}): ${reason}</li>`)}</ul>
${rest > 0 ? html`<p>and ${rest} more</p>` : ''}</details>`;
}
