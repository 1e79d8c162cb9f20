/** One line of what the bench prints. */
export interface Row {
  readonly what: string;
  readonly figure: string;
  /** Beside what it was measured in the same run, and how the two compare; empty where it stands alone. */
  readonly ratio: string;
  /** Empty where there is none. */
  readonly aim: string;
  /** Null where there is no aim. */
  readonly met: boolean | null;
}

const HEAD = ['what', 'figure', 'ratio', 'aim', 'met'] as const;

/** The rows as a Markdown table whose columns are aligned. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map(({ what, figure, ratio, aim, met }) => [
    what,
    figure,
    ratio,
    aim,
    met === null ? '' : met ? 'yes' : 'NO',
  ]);
  const widths = HEAD.map((name, column) => Math.max(name.length, ...cells.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`;
  return [line(HEAD), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...cells.map(line)].join('\n');
}

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** A rate as people read it: `12,300/s`. */
export const perSecond = (rate: number): string => `${whole.format(rate)}/s`;

/** Milliseconds to two digits that matter: `0.48 ms`, `4.2 ms`, `180 ms`. */
export function milliseconds(value: number): string {
  const digits = value < 1 ? 2 : value < 10 ? 1 : 0;
  return `${value.toFixed(digits)} ms`;
}

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

export const times = (ratio: number): string => (ratio < 10 ? ratio.toFixed(2) : ratio.toFixed(0));
