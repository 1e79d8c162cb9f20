import { describe, expect, test } from 'vitest';
import { type Cell, paint, table, terminalOf } from '../../src/cli/terminal.ts';

const WIDE = { columns: null, colour: false };
const cells = (...texts: string[]): Cell[] => texts.map((text) => ({ text }));

describe('terminalOf', () => {
  test.each<[string, object, NodeJS.ProcessEnv, object]>([
    ['a terminal', { isTTY: true, columns: 120 }, {}, { columns: 120, colour: true }],
    ['a pipe', { columns: 120 }, {}, { columns: null, colour: false }],
    ['NO_COLOR', { isTTY: true, columns: 99 }, { NO_COLOR: '0' }, { columns: 99, colour: false }],
    ['NO_COLOR without a value', { isTTY: true, columns: 99 }, { NO_COLOR: '' }, { columns: 99, colour: true }],
    ['a terminal that cannot', { isTTY: true }, { TERM: 'dumb' }, { columns: 80, colour: false }],
    ['a pipe that is forced', {}, { FORCE_COLOR: '1' }, { columns: null, colour: false }],
  ])('%s', (_name, stream, env, expected) => {
    expect(terminalOf(stream, env)).toEqual(expected);
  });
});

describe('table', () => {
  test('columns stand below each other, without blanks at the end', () => {
    expect(table([cells('a', 'long one', ''), cells('bbb', 'x', 'y')], WIDE)).toBe('a    long one\nbbb  x         y\n');
    expect(table([], WIDE)).toBe('');
  });

  test('off a terminal nothing is cut', () => {
    const long = 'x'.repeat(500);
    expect(table([cells(long, 'y')], WIDE)).toBe(`${long}  y\n`);
  });

  test.each([10, 20, 33, 40, 80])('no row is longer than a terminal of %i columns', (columns) => {
    const rows = [
      cells('2026-06-16T09:30:00Z', 'exec_01jxyzabcdefghjkmnpqrstvwx', 'succeeded', 'disk-cleanup', '/srv/media'),
      cells('2026-06-16T09:30:00Z', 'exec_01jxyz', 'running', 'x', `/${'ä'.repeat(200)}`),
    ];
    const lines = table(rows, { columns, colour: false }).trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(Array.from(line).length).toBeLessThanOrEqual(columns);
    expect(lines[1]).toContain('…');
  });

  test('the longest column gives way first', () => {
    expect(table([cells('succeeded', 'x'.repeat(40))], { columns: 30, colour: false })).toBe(
      `succeeded  ${'x'.repeat(18)}…\n`,
    );
  });

  test('colour does not move columns, and is left out where it is not wanted', () => {
    const rows = [[{ text: 'failed', tone: 'bad' as const }, { text: 'x' }]];
    expect(table(rows, { columns: 80, colour: true })).toBe('\x1b[31mfailed\x1b[0m  x\n');
    expect(table(rows, { columns: 80, colour: false })).toBe('failed  x\n');
    expect(paint({ text: 'x' }, { columns: 80, colour: true })).toBe('x');
  });

  test('a foreign text commands nothing', () => {
    const nasty = '\x1b]0;gone\x07\n\u202edata\u2028';
    expect(table([cells(nasty)], WIDE)).toBe('\\u001b]0;gone\\u0007\\u000a\\u202edata\\u2028\n');
  });
});
