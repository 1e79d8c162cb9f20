/** Prometheus refuses more points a series in one request. */
export const MOST_POINTS = 11_000;

/** Seconds since 1970; both ends are asked for. */
export interface Slice {
  readonly start: number;
  readonly end: number;
}

/** Requests that together ask for every point once, oldest first: at `end`, and a step apart back to `lookback` before. */
export function slicesOf(end: number, lookback: number, step: number): readonly Slice[] {
  const steps = Math.floor(lookback / step);
  const slices: Slice[] = [];
  for (let first = steps; first >= 0; first -= MOST_POINTS) {
    const last = Math.max(0, first - MOST_POINTS + 1);
    slices.push({ start: end - first * step, end: end - last * step });
  }
  return slices;
}
