/** A straight line through part of a series. */
export interface Line {
  /** Rise an hour. */
  readonly slope: number;
  /** The line's value at the last hour of its part. */
  readonly end: number;
  /** Sum of the squared distances from it. */
  readonly error: number;
  /** How many hours it rests on. */
  readonly count: number;
}

/** Least squares over any part of a series at the cost of a few additions. */
export interface Lines {
  /** Over the hours from `from` up to `to`, `to` left out; hours that were not measured do not count. */
  fit(from: number, to: number): Line;
}

/** Sums of 1, x, x², y, xy and y² up to each hour. */
export function createLines(values: Float64Array, measured: Uint8Array): Lines {
  const n = values.length;
  const sums = Array.from({ length: 6 }, () => new Float64Array(n + 1));
  const [ones, xs, xxs, ys, xys, yys] = sums as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let i = 0; i < n; i += 1) {
    const weight = measured[i]!;
    const y = values[i]!;
    ones[i + 1] = ones[i]! + weight;
    xs[i + 1] = xs[i]! + weight * i;
    xxs[i + 1] = xxs[i]! + weight * i * i;
    ys[i + 1] = ys[i]! + weight * y;
    xys[i + 1] = xys[i]! + weight * i * y;
    yys[i + 1] = yys[i]! + weight * y * y;
  }
  const fit = (from: number, to: number): Line => {
    const start = Math.max(0, from);
    const count = ones[to]! - ones[start]!;
    if (count < 1) return { slope: 0, end: values[to - 1] ?? 0, error: 0, count: 0 };
    const x = (xs[to]! - xs[start]!) / count;
    const y = (ys[to]! - ys[start]!) / count;
    const xx = xxs[to]! - xxs[start]! - count * x * x;
    const xy = xys[to]! - xys[start]! - count * x * y;
    const yy = Math.max(0, yys[to]! - yys[start]! - count * y * y);
    const slope = count >= 2 && xx > 1e-9 ? xy / xx : 0;
    return { slope, end: y + slope * (to - 1 - x), error: Math.max(0, yy - slope * xy), count };
  };
  return { fit };
}

/** Where one line ends and another begins. */
export interface Bend {
  /** First hour of the second line; 0: one line does as well. */
  readonly at: number;
  readonly before: Line;
  readonly after: Line;
  /** Error of two lines as a share of the error of one. */
  readonly left: number;
}

/** The best two lines over the hours from `from` on; the second one rests on at least `least` hours. */
export function findBend(lines: Lines, from: number, to: number, least = 4): Bend {
  const whole = lines.fit(from, to);
  let best: Bend = { at: from, before: whole, after: whole, left: 1 };
  let bestError = whole.error;
  let step = 1;
  for (let length = least; length <= to - from - least; length += step) {
    const before = lines.fit(from, to - length);
    const after = lines.fit(to - length, to);
    const error = before.error + after.error;
    if (error < bestError && before.count >= 3 && after.count >= 3) {
      bestError = error;
      best = { at: to - length, before, after, left: error / (whole.error + 1e-12) };
    }
    step = Math.max(1, Math.floor(length / 16));
  }
  return best;
}
