import { clamp } from './statistics.ts';

/** A parabola through a series, and the plateau that a slowing rise tends to. */
export interface Curve {
  /** Rise a day at the end. */
  readonly endSlope: number;
  /** Half of the change of that rise, a day a day: `level + endSlope·d + bow·d²` is d days ahead. */
  readonly bow: number;
  /** Its error as a share of the error of a line. */
  readonly left: number;
  /** Where it levels off if every third rises less than the one before; 3 where it does not slow down. */
  readonly plateau: number;
}

const NO_PLATEAU = 3;

/** Over the measured hours from `from` on. */
export function fitCurve(calm: Float64Array, measured: Uint8Array, from: number): Curve {
  const n = calm.length;
  const length = n - from;
  const half = Math.max(1, (length - 1) / 2);
  // Legendre's polynomials are nearly uncorrelated here: each coefficient is read off by itself but for gaps.
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let s4 = 0;
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let yy = 0;
  let count = 0;
  for (let i = from; i < n; i += 1) {
    if (measured[i] === 0) continue;
    const x = (i - from - half) / half;
    const y = calm[i]!;
    const xx = x * x;
    count += 1;
    s1 += x;
    s2 += xx;
    s3 += xx * x;
    s4 += xx * xx;
    y0 += y;
    y1 += x * y;
    y2 += xx * y;
    yy += y * y;
  }
  const line = solve2(count, s1, s2, y0, y1);
  const parabola = count >= 6 ? solve3(count, s1, s2, s3, s4, y0, y1, y2) : null;
  if (parabola === null) return { endSlope: (line[1] / half) * 24, bow: 0, left: 1, plateau: NO_PLATEAU };
  const [a, b, c] = parabola;
  const lineError = Math.max(0, yy - line[0] * y0 - line[1] * y1);
  const error = Math.max(0, yy - a * y0 - b * y1 - c * y2);
  const perDay = 24 / half;
  return {
    endSlope: (b + 2 * c) * perDay,
    bow: c * perDay * perDay,
    left: lineError < 1e-9 ? 1 : clamp(error / lineError, 0, 1),
    plateau: plateauOf(calm, from),
  };
}

function solve2(n: number, s1: number, s2: number, y0: number, y1: number): readonly [number, number] {
  const d = n * s2 - s1 * s1;
  if (Math.abs(d) < 1e-9) return [n === 0 ? 0 : y0 / n, 0];
  return [(y0 * s2 - y1 * s1) / d, (n * y1 - s1 * y0) / d];
}

/** Cramer's rule on the normal equations of a parabola; null when they are (nearly) dependent. */
function solve3(
  n: number,
  s1: number,
  s2: number,
  s3: number,
  s4: number,
  y0: number,
  y1: number,
  y2: number,
): readonly [number, number, number] | null {
  const d = n * (s2 * s4 - s3 * s3) - s1 * (s1 * s4 - s3 * s2) + s2 * (s1 * s3 - s2 * s2);
  if (Math.abs(d) < 1e-6) return null;
  const a = y0 * (s2 * s4 - s3 * s3) - s1 * (y1 * s4 - s3 * y2) + s2 * (y1 * s3 - s2 * y2);
  const b = n * (y1 * s4 - s3 * y2) - y0 * (s1 * s4 - s3 * s2) + s2 * (s1 * y2 - y1 * s2);
  const c = n * (s2 * y2 - y1 * s3) - s1 * (s1 * y2 - y1 * s2) + y0 * (s1 * s3 - s2 * s2);
  return [a / d, b / d, c / d];
}

/** The rises of the three thirds as a geometric series. */
function plateauOf(calm: Float64Array, from: number): number {
  const n = calm.length;
  const length = n - from;
  if (length < 24) return NO_PLATEAU;
  const around = (share: number) => {
    const width = Math.max(2, Math.floor(length / 12));
    const centre = from + Math.round(share * (length - 1));
    let sum = 0;
    let count = 0;
    for (let i = Math.max(from, centre - width); i < Math.min(n, centre + width); i += 1) {
      sum += calm[i]!;
      count += 1;
    }
    return sum / count;
  };
  const step = 0.3;
  const [p0, p1, p2, p3] = [around(0.08), around(0.08 + step * 0.9333), around(0.08 + step * 1.8667), around(0.92)];
  const [r1, r2, r3] = [p1 - p0, p2 - p1, p3 - p2];
  const slowing = Math.sqrt(clamp((r2 / (r1 + 1e-9)) * (r3 / (r2 + 1e-9)), 0, 4));
  if (!(r1 > 0 && r3 >= 0 && slowing < 0.95)) return NO_PLATEAU;
  return p3 + (r3 * slowing) / (1 - slowing);
}
