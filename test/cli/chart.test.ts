import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCanvas } from '../../src/cli/forecast/braille.ts';
import { chart, sparkline } from '../../src/cli/forecast/chart.ts';
import { climbing, someForecast } from '../support/forecasted.ts';

/** Where a drawing has dots: `x y` from the bottom left. */
function dotsOf(lines: readonly string[]): Set<string> {
  const bits = [
    [0x01, 0x02, 0x04, 0x40],
    [0x08, 0x10, 0x20, 0x80],
  ];
  const dots = new Set<string>();
  lines.forEach((line, row) => {
    Array.from(line).forEach((cell, column) => {
      for (const x of [0, 1]) {
        for (const y of [0, 1, 2, 3]) {
          if ((cell.codePointAt(0)! & bits[x]![y]!) === 0) continue;
          dots.add(`${column * 2 + x} ${lines.length * 4 - 1 - (row * 4 + y)}`);
        }
      }
    });
  });
  return dots;
}

describe('the canvas', () => {
  test('holds every dot that lies on it, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: -5, max: 30 }), fc.integer({ min: -5, max: 20 }))), (dots) => {
        const canvas = createCanvas(10, 3);
        for (const [x, y] of dots) canvas.dot(x, y);
        const inside = dots.filter(([x, y]) => x >= 0 && x < 20 && y >= 0 && y < 12).map(([x, y]) => `${x} ${y}`);
        expect([...dotsOf(canvas.lines())].sort()).toEqual([...new Set(inside)].sort());
      }),
    );
  });

  test('what is no number draws nothing', () => {
    const canvas = createCanvas(2, 1);
    canvas.dot(Number.NaN, 1);
    canvas.dot(1, Infinity);
    expect(canvas.lines()).toEqual(['\u2800\u2800']);
  });
});

describe('charts', () => {
  test('a sparkline is one line of braille, as wide as it is told, and climbs with its series', () => {
    const line = sparkline(someForecast(), 12);
    expect(line).toMatch(/^[\u2800-\u28ff]{12}$/);
    const heights = Array.from(dotsOf([line]), (dot) => dot.split(' ').map(Number));
    const at = (x: number) => Math.max(...heights.filter(([column]) => column === x).map(([, y]) => y!));
    expect(at(0)).toBeLessThan(at(11));
  });

  test('a chart names its edges, and its threshold is dotted over the whole width', () => {
    const [high, ...rest] = chart(someForecast(), 40, 6).split('\n');
    expect(Number(high)).toBeGreaterThanOrEqual(0.9);
    expect(rest.at(-1)).toBe('dotted: critical at 0.9');
    expect(rest.at(-2)).toMatch(/^-14 d +now +\+14 d$/);
    expect(rest.at(-2)).toHaveLength(40);
    const dots = dotsOf(rest.slice(0, 6));
    const rows = Array.from({ length: 24 }, (_, y) => [...dots].filter((dot) => dot.endsWith(` ${y}`)).length);
    expect(Math.max(...rows)).toBeGreaterThanOrEqual(27);
  });

  test('whatever was measured, it is drawn with finite edges', () => {
    const value = fc.double({ noNaN: false, min: -1e6, max: 1e6 });
    fc.assert(
      fc.property(fc.array(value, { minLength: 100, maxLength: 100 }), (values) => {
        const samples = climbing({ days: 5 }).map(([at], i) => [at, values[i % 100]!] as const);
        if (samples.filter(([, measured]) => Number.isFinite(measured)).length < 50) return;
        expect(chart(someForecast({ samples }), 30, 4)).not.toMatch(/NaN|Infinity/);
      }),
      { numRuns: 30 },
    );
  });
});
