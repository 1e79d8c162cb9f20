import { html } from 'hono/html';
import type { Mapping } from '../../mapping/mapping.ts';
import type { Forecasted } from '../../prediction/forecasted.ts';
import type { Html } from './respond.ts';
import { days, value } from './words.ts';

const DAY = 86_400_000;
/** Days ahead that a forecast speaks of. */
const AHEAD = 14;
/** The drawing in its own units; its height is in pixels too. */
const WIDTH = 1000;
const HEIGHT = 260;
/** Room above the highest and below the lowest value, as a share of what lies between. */
const MARGIN = 0.06;

type Conditions = Mapping['conditions'] | null;

/** The past, the fan of what is expected, the threshold, the mapping's window and past cleanups. All of it stands in words beside it. */
export function forecastChart(forecasted: Forecasted, conditions: Conditions): Html {
  const { history, fan, critical, made_at, cleanups, prediction } = forecasted;
  const past = history.values.map((y, at) => ({ at: history.from + (at + 0.5) * history.step, y }));
  const from = past.find(({ y }) => y !== null)?.at ?? history.from;
  const to = made_at + AHEAD * DAY;
  const all = [...past.flatMap(({ y }) => y ?? []), critical, ...fan.flatMap(({ low, high }) => [low, high])];
  const margin = (Math.max(...all) - Math.min(...all) || 1) * MARGIN;
  const [least, most] = [Math.min(...all) - margin, Math.max(...all) + margin];
  const x = (at: number) => tenth((Math.min(to, Math.max(from, at)) - from) * (WIDTH / (to - from)));
  const y = (of: number) => tenth(HEIGHT - (of - least) * (HEIGHT / (most - least)));
  const end = past.findLast((one) => one.y !== null)?.y ?? null;
  const fanFrom = end === null ? [] : [{ days: 0, low: end, middle: end, high: end }];
  const points = [...fanFrom, ...fan].map(({ days: ahead, ...values }) => ({ at: made_at + ahead * DAY, ...values }));
  const edge = (which: 'low' | 'middle' | 'high') => points.map((point) => `${x(point.at)},${y(point[which])}`);
  const window = windowOf(conditions, prediction.observed_at);
  const shown = cleanups.filter(({ at }) => at * 1000 >= from && at * 1000 <= made_at);
  return html`<svg class="fan" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-labelledby="fan-title fan-desc">
<title id="fan-title">Past and forecast of ${prediction.resource}</title>
<desc id="fan-desc">${describe(forecasted)}</desc>
${window === null ? '' : html`<rect class="window" x="${x(window.from)}" width="${tenth(Math.max(0, x(window.to ?? to) - x(window.from)))}" y="0" height="${HEIGHT}"/>`}
<polygon class="spread" points="${[...edge('low'), ...edge('high').toReversed()].join(' ')}"/>
${shown.map(({ at }) => html`<line class="cleanup" x1="${x(at * 1000)}" x2="${x(at * 1000)}" y1="${HEIGHT - 18}" y2="${HEIGHT}"/>`)}
<line class="now" x1="${x(made_at)}" x2="${x(made_at)}" y1="0" y2="${HEIGHT}"/>
<line class="threshold" x1="0" x2="${WIDTH}" y1="${y(critical)}" y2="${y(critical)}"/>
${runs(past).map((run) => html`<polyline class="past" points="${run.map((one) => `${x(one.at)},${y(one.y)}`).join(' ')}"/>`)}
<polyline class="middle" points="${edge('middle').join(' ')}"/>
</svg>
<svg class="scale" width="100%" height="18" aria-hidden="true" focusable="false">
<text class="first" x="0" y="13">${days((made_at - from) / DAY)} d ago</text>
<text x="${tenth((x(made_at) / WIDTH) * 100)}%" y="13">now</text>
<text class="last" x="100%" y="13">in ${AHEAD} d</text>
</svg>`;
}

/** What the chart shows, for who does not see it. */
function describe({ history, fan, critical, cleanups }: Forecasted): string {
  const past = history.values.flatMap((one) => one ?? []);
  const last = fan.at(-1);
  return [
    past.length === 0
      ? 'Nothing was measured'
      : `Was between ${value(Math.min(...past))} and ${value(Math.max(...past))}, last ${value(past.at(-1)!)}`,
    last === undefined
      ? ''
      : `in ${last.days} days most likely ${value(last.middle)}, eight in ten between ${value(last.low)} and ${value(last.high)}`,
    `critical from ${value(critical)} on`,
    cleanups.length === 0 ? 'no cleanups so far' : `${cleanups.length} cleanups so far`,
  ]
    .filter((part) => part !== '')
    .join('; ')
    .concat('.');
}

/** The mapping's window counts the days from the prediction: it is open between these instants. */
function windowOf(
  conditions: Conditions,
  observed: number,
): { readonly from: number; readonly to: number | null } | null {
  if (conditions === null) return null;
  const { min_days_until_critical: min, max_days_until_critical: max } = conditions;
  if (min === null && max === null) return null;
  return { from: observed + (min ?? 0) * DAY, to: max === null ? null : observed + max * DAY };
}

/** The measured values without gaps in between. */
function runs(
  past: readonly { readonly at: number; readonly y: number | null }[],
): readonly (readonly { readonly at: number; readonly y: number }[])[] {
  const found: { at: number; y: number }[][] = [[]];
  for (const { at, y } of past) {
    if (y === null) found.push([]);
    else found.at(-1)!.push({ at, y });
  }
  return found.filter((run) => run.length > 0);
}

function tenth(number: number): number {
  return Math.round(number * 10) / 10;
}
