import { inWords } from './series.ts';
import type { Shape } from './shape.ts';

/** A rise a day below this share of the threshold is none. */
const STILL = 0.0005;

/** Why the forecast is what it is: short sentences with the numbers that they rest on. */
export function giveReasons(shape: Shape): string[] {
  return [stands(shape), moves(shape), bends(shape), cleans(shape), repeats(shape), measures(shape)].flat();
}

function stands({ level, days }: Shape): string[] {
  const peak = Math.max(...days.peaks.slice(0, 7));
  const high = peak > level + 0.03 ? `, its peak of the last days at ${percent(peak)}` : '';
  return [`stands at ${percent(level)} of the threshold${high}`];
}

function moves({ calm, lines, policy }: Shape): string[] {
  const n = calm.length;
  const last = policy.cleanups.at(-1);
  const isSinceCleanup = last !== undefined && policy.since >= 6 && policy.since <= 336;
  const hours = isSinceCleanup ? policy.since : Math.min(n, 168);
  const slope = lines.fit(n - hours, n).slope * 24;
  const since = isSinceCleanup ? `since the cleanup ${inWords(policy.since)} ago` : `over the last ${inWords(hours)}`;
  if (Math.abs(slope) < STILL) return [`has stood still ${since}`];
  return [`${slope > 0 ? 'climbs' : 'falls'} ${percent(Math.abs(slope))} of the threshold a day ${since}`];
}

function bends({ bend, calm, curve, level }: Shape): string[] {
  const n = calm.length;
  const age = n - bend.at;
  const [before, after] = [bend.before.slope * 24, bend.after.slope * 24];
  const said: string[] = [];
  if (bend.at > 0 && bend.left < 0.3 && age >= 6 && Math.abs(after - before) > 4 * STILL) {
    const jump = bend.after.end - bend.after.slope * (age - 1) - bend.before.end;
    if (Math.abs(jump) > 0.05)
      said.push(`${jump > 0 ? 'rose' : 'fell'} by ${percent(Math.abs(jump))} ${inWords(age)} ago`);
    else said.push(`${rate(before)} a day until ${inWords(age)} ago, ${rate(after)} a day since`);
  }
  if (curve.left < 0.5 && curve.plateau < 1 && curve.plateau > level - 0.02) {
    said.push(`slows down towards ${percent(curve.plateau)} of the threshold`);
  } else if (curve.left < 0.5 && curve.bow > STILL && curve.endSlope > STILL) {
    said.push('climbs faster from day to day');
  }
  return said;
}

function cleans({ policy }: Shape): string[] {
  const { cleanups, period, irregularity, since, peak } = policy;
  if (cleanups.length === 0) return [];
  if (cleanups.length === 1) return [`was cleaned up once, ${inWords(since)} ago`];
  const often = `cleanups came every ${inWords(period)}${irregularity > 0.35 ? ' or so' : ''}`;
  const late = since - period;
  const now =
    late > Math.max(3, 0.25 * period) ? ` and are ${inWords(late)} late` : `, the last one ${inWords(since)} ago`;
  return [`${often}${now}; they came at ${percent(peak)} of the threshold`];
}

function repeats({ cycle }: Shape): string[] {
  return cycle.strength > 0.3 && cycle.range > 0.01 ? [`repeats every day, by ${percent(cycle.range)}`] : [];
}

function measures({ series }: Shape): string[] {
  const hours = series.values.length;
  const measured = series.measured.reduce((sum, one) => sum + one, 0);
  return [
    ...(series.age >= 3 ? [`the last sample is ${inWords(series.age)} old`] : []),
    ...(hours < 96 ? [`only ${inWords(hours)} of history`] : []),
    ...(measured < 0.8 * hours ? [`${percent(1 - measured / hours)} of the hours are missing`] : []),
  ];
}

function rate(slope: number): string {
  return `${slope < 0 ? '−' : '+'}${percent(Math.abs(slope))}`;
}

/** `1.9 %`, `83 %`. */
function percent(share: number): string {
  const value = share * 100;
  return `${Math.abs(value) < 10 ? Math.round(value * 10) / 10 : Math.round(value)} %`;
}
