import type { Forecasted } from '../../prediction/forecasted.ts';
import { type Canvas, createCanvas } from './braille.ts';

const DAY = 86_400_000;
/** Days ahead that a forecast speaks of. */
const AHEAD = 14;

type Drawn = Pick<Forecasted, 'history' | 'fan' | 'critical' | 'made_at'>;

/** Where a chart's edges lie: instants in epoch milliseconds, values in the unit of the threshold. */
interface Frame {
  readonly from: number;
  readonly to: number;
  readonly low: number;
  readonly high: number;
}

/** The past and the middle of what is expected in one line; the upper edge is the threshold, or what lies above it. */
export function sparkline(forecasted: Drawn, columns: number): string {
  const canvas = createCanvas(columns, 1);
  draw(canvas, forecasted, frameOf(forecasted, false), false);
  return canvas.lines()[0]!;
}

/** The past, the fan of what is expected, and the threshold as a dotted line, with what the edges stand for. */
export function chart(forecasted: Drawn, columns: number, rows: number): string {
  const frame = frameOf(forecasted, true);
  const canvas = createCanvas(columns, rows);
  const level = heightOf(forecasted.critical, frame, canvas);
  for (let x = 0; x < canvas.width; x += 3) canvas.dot(x, level);
  draw(canvas, forecasted, frame, true);
  const past = `-${Math.max(1, Math.round((forecasted.made_at - frame.from) / DAY))} d`;
  const now = Math.round(((forecasted.made_at - frame.from) / (frame.to - frame.from)) * columns);
  const scale = past
    .padEnd(Math.max(past.length + 1, now - 1))
    .concat('now')
    .padEnd(columns - 5)
    .concat(`+${AHEAD} d`);
  return [
    `${short(frame.high)}`,
    ...canvas.lines(),
    `${short(frame.low)}`,
    scale,
    `dotted: critical at ${short(forecasted.critical)}`,
  ].join('\n');
}

function frameOf({ history, fan, critical, made_at }: Drawn, whole: boolean): Frame {
  const past = history.values.flatMap((value) => value ?? []);
  const first = Math.max(
    0,
    history.values.findIndex((value) => value !== null),
  );
  const values = [
    ...past,
    critical,
    ...fan.flatMap(({ low, middle, high }) => (whole ? [low, middle, high] : [middle])),
  ];
  const low = Math.min(...values);
  const high = Math.max(...values);
  return {
    from: history.from + first * history.step,
    to: made_at + AHEAD * DAY,
    low,
    high: high > low ? high : low + 1,
  };
}

function draw(canvas: Canvas, { history, fan, made_at }: Drawn, frame: Frame, whole: boolean): void {
  const x = (at: number) => ((at - frame.from) / (frame.to - frame.from)) * (canvas.width - 1);
  const y = (value: number) => heightOf(value, frame, canvas);
  let last: readonly [number, number] | null = null;
  history.values.forEach((value, at) => {
    if (value === null) {
      last = null;
      return;
    }
    const here = [x(history.from + (at + 0.5) * history.step), y(value)] as const;
    if (last === null) canvas.dot(...here);
    else line(canvas, last, here);
    last = here;
  });
  const end = history.values.findLast((value) => value !== null) ?? fan[0]?.middle;
  if (end === undefined) return;
  for (const edge of whole ? (['low', 'middle', 'high'] as const) : (['middle'] as const)) {
    let before: readonly [number, number] = [x(made_at), y(end)];
    for (const point of fan) {
      const here = [x(made_at + point.days * DAY), y(point[edge])] as const;
      line(canvas, before, here);
      before = here;
    }
  }
}

function heightOf(value: number, { low, high }: Frame, canvas: Canvas): number {
  return ((value - low) / (high - low)) * (canvas.height - 1);
}

function line(canvas: Canvas, from: readonly [number, number], to: readonly [number, number]): void {
  const steps = Math.max(1, Math.ceil(Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]))));
  for (let step = 0; step <= steps; step += 1) {
    const share = step / steps;
    canvas.dot(from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share);
  }
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
