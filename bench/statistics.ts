/** The value below which share `q` (0 to 1) of the values lies, of values in any order; NaN of none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median of the ratios of the values that were measured in the same round. */
export function medianRatio(values: readonly number[], beside: readonly number[]): number {
  return median(values.map((value, at) => value / beside[at]!));
}
