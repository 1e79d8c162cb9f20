import { html } from 'hono/html';
import { criticalAt } from '../../prediction/prediction.ts';
import type { Tone } from './next-step.ts';
import type { OutlookItem } from './ports.ts';
import type { Html } from './respond.ts';
import { days } from './words.ts';

const DAY = 86_400_000;
const SHORTEST = 7;
const LONGEST = 60;
/** Width of every axis in its own units; heights are in pixels. */
const WIDTH = 1000;

/** The time from now that all axes of a page show, in days: enough for every window, and for most crossings. */
export function horizonOf(items: readonly OutlookItem[], now: number): number {
  const windows = items.map(({ mapping }) => mapping?.conditions.max_days_until_critical ?? 0);
  const crossings = items.map(({ prediction }) => daysFromNow(criticalAt(prediction), now) ?? 0);
  const usual = crossings.toSorted((a, b) => a - b)[Math.floor(crossings.length * 0.8)] ?? 0;
  return Math.min(LONGEST, Math.max(SHORTEST, Math.ceil(Math.max(0, ...windows, usual) * 1.15)));
}

const STEPS = [1, 2, 5, 7, 10, 14] as const;

/** Days that get a mark: about five of them. */
function marks(horizon: number): readonly number[] {
  const step = STEPS.find((candidate) => horizon / candidate <= 5.5) ?? 14;
  return Array.from({ length: Math.floor(horizon / step) + 1 }, (_, at) => at * step);
}

/** The scale above the axes. */
export function scale(horizon: number): Html {
  return html`<svg class="scale" width="100%" height="18" aria-hidden="true" focusable="false">${marks(horizon).map(
    (day) =>
      html`<text x="${(day / horizon) * 100}%" y="13" class="${day === 0 ? 'first' : ''}">${day === 0 ? 'now' : `${day} d`}</text>`,
  )}</svg>`;
}

/** From now to critical, with the mapping's window. What it shows stands in its label too. */
export function axis({ prediction, mapping }: OutlookItem, tone: Tone, horizon: number, now: number): Html {
  const critical = daysFromNow(criticalAt(prediction), now);
  const x = (day: number) => Math.round((Math.min(horizon, Math.max(0, day)) / horizon) * WIDTH);
  // The window compares days as they were when the prediction was made: it ages with it.
  const age = (now - prediction.observed_at) / DAY;
  const { min_days_until_critical: min, max_days_until_critical: max } = mapping?.conditions ?? NO_WINDOW;
  const from = x((min ?? 0) - age);
  const to = x(max === null ? horizon : max - age);
  const hasWindow = mapping !== null && (min !== null || max !== null);
  return html`<svg class="axis tone-${tone}" viewBox="0 0 ${WIDTH} 32" preserveAspectRatio="none" role="img" aria-label="${label(critical, hasWindow ? { min, max } : null)}">
${marks(horizon).map((day) => html`<line class="mark" x1="${x(day)}" x2="${x(day)}" y1="0" y2="32"/>`)}
${hasWindow ? html`<rect class="window" x="${from}" width="${Math.max(0, to - from)}" y="3" height="26"/>` : ''}
<line class="base" x1="0" x2="${WIDTH}" y1="16" y2="16"/>
${
  critical === null
    ? ''
    : html`<line class="way" x1="0" x2="${x(critical)}" y1="16" y2="16"/>${
        critical > horizon
          ? html`<path class="beyond" d="M${WIDTH - 14} 8L${WIDTH - 3} 16L${WIDTH - 14} 24"/>`
          : html`<line class="critical" x1="${x(critical)}" x2="${x(critical)}" y1="4" y2="28"/>`
      }`
}
</svg>`;
}

const NO_WINDOW = { min_days_until_critical: null, max_days_until_critical: null };

function label(
  critical: number | null,
  window: { readonly min: number | null; readonly max: number | null } | null,
): string {
  const when =
    critical === null
      ? 'no crossing expected'
      : critical < 0
        ? `critical since ${days(-critical)} days`
        : `critical in ${days(critical)} days`;
  if (window === null) return `${when}; no window`;
  return `${when}; the window is ${window.min ?? 0} to ${window.max ?? 'any number of'} days`;
}

function daysFromNow(instant: number | null, now: number): number | null {
  return instant === null ? null : (instant - now) / DAY;
}
