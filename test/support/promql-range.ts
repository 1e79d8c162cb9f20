/** What a sample can be: between `lo` and `hi`, both included; `whole`: without fractions. */
export interface Range {
  readonly lo: number;
  readonly hi: number;
  readonly whole?: boolean;
}

export const ANY_NUMBER: Range = { lo: -Infinity, hi: Infinity };
export const FROM_ZERO: Range = { lo: 0, hi: Infinity };
/** Seconds since the epoch, of this century. */
export const INSTANT: Range = { lo: 946_684_800, hi: 4_102_444_800 };

export const exactly = (value: number): Range => ({ lo: value, hi: value, whole: Number.isInteger(value) });

export const covering = (a: Range, b: Range): Range => ({
  lo: Math.min(a.lo, b.lo),
  hi: Math.max(a.hi, b.hi),
  whole: a.whole === true && b.whole === true,
});

/** What is left of `a` where `a OP b` holds; null where that can never be. */
export function compare(operator: string, a: Range, b: Range): Range | null {
  const step = a.whole === true ? 1 : 0;
  switch (operator) {
    case '>':
      return a.hi > b.lo ? within(a, { lo: step === 1 ? Math.floor(b.lo) + 1 : b.lo, hi: Infinity }) : null;
    case '>=':
      return within(a, { lo: b.lo, hi: Infinity });
    case '<':
      return a.lo < b.hi ? within(a, { lo: -Infinity, hi: step === 1 ? Math.ceil(b.hi) - 1 : b.hi }) : null;
    case '<=':
      return within(a, { lo: -Infinity, hi: b.hi });
    case '==':
      return within(a, b);
    case '!=':
      return a.lo === a.hi && b.lo === b.hi && a.lo === b.lo ? null : a;
    default:
      throw new Error(`no comparison: ${operator}`);
  }
}

function within(a: Range, b: Range): Range | null {
  const whole = a.whole === true || b.whole === true;
  let [lo, hi] = [Math.max(a.lo, b.lo), Math.min(a.hi, b.hi)];
  if (whole) [lo, hi] = [Math.ceil(lo), Math.floor(hi)];
  return lo <= hi ? { lo, hi, whole } : null;
}

/** `a OP b` with an arithmetic operator. */
export function calculate(operator: string, a: Range, b: Range): Range {
  const corners = [
    [a.lo, b.lo],
    [a.lo, b.hi],
    [a.hi, b.lo],
    [a.hi, b.hi],
  ] as const;
  const spanned = (f: (x: number, y: number) => number): Range => {
    const values = corners.map(([x, y]) => f(x, y));
    return values.some(Number.isNaN) ? ANY_NUMBER : { lo: Math.min(...values), hi: Math.max(...values) };
  };
  switch (operator) {
    case '+':
      return spanned((x, y) => x + y);
    case '-':
      return spanned((x, y) => x - y);
    case '*':
      return spanned((x, y) => x * y);
    case '/':
      return b.lo <= 0 && b.hi >= 0 ? ANY_NUMBER : spanned((x, y) => x / y);
    default:
      return ANY_NUMBER;
  }
}
