/** NaN for no values. */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}

/** Between neighbours by a straight line; NaN for no values. */
export function quantile(values: ArrayLike<number>, share: number): number {
  return quantileOfSorted(Float64Array.from(values).sort(), share);
}

export function quantileOfSorted(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)]!;
  return low + (sorted[Math.ceil(at)]! - low) * (at - Math.floor(at));
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += values[i]!;
  return sum / values.length;
}

/** Of the sample (n - 1); 0 for fewer than two values. */
export function deviation(values: ArrayLike<number>): number {
  if (values.length < 2) return 0;
  const centre = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += (values[i]! - centre) ** 2;
  return Math.sqrt(sum / (values.length - 1));
}

/** 0 where something is not a number. */
export function clamp(value: number, low: number, high: number): number {
  return Number.isNaN(value) ? 0 : Math.max(low, Math.min(high, value));
}

/** Share of a normal distribution below z. */
export function normalBelow(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail =
    0.3989422804 *
    Math.exp((-z * z) / 2) *
    t *
    (0.3193815 + t * (-0.3565638 + t * (1.781478 + t * (-1.821256 + t * 1.330274))));
  return z > 0 ? 1 - tail : tail;
}

/**
 * Probability that a random walk with this drift and deviation a day has been `distance` higher within `days`.
 */
export function firstPassage(distance: number, drift: number, deviationADay: number, days: number): number {
  if (distance <= 0) return 1;
  if (deviationADay < 1e-9) return drift * days >= distance ? 1 : 0;
  const spread = deviationADay * Math.sqrt(days);
  const exponent = (2 * drift * distance) / deviationADay ** 2;
  const mirrored = exponent > 500 ? 0 : Math.exp(exponent) * normalBelow((-distance - drift * days) / spread);
  return clamp(normalBelow((drift * days - distance) / spread) + mirrored, 0, 1);
}
