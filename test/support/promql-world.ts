import { calculate, compare, covering, exactly, FROM_ZERO, INSTANT, type Range } from './promql-range.ts';
import type { Expression, Matcher } from './promql-tree.ts';

/** One value, or any; a label that a series does not have is the empty text. */
export type LabelValue = string | typeof ANY | typeof ANY_OR_NONE;
export const ANY = Symbol('any value');
export const ANY_OR_NONE = Symbol('any value or none');

/** A kind of series that can exist. */
export interface Series {
  readonly labels: Readonly<Record<string, LabelValue>>;
  readonly range: Range;
}

/** Everything that can exist, by metric. */
export type World = ReadonlyMap<string, readonly Series[]>;

type Value = { readonly scalar: Range } | { readonly series: readonly Series[] };

/**
 * What is wrong with an expression over all worlds that can be: metrics that nobody exports, label values that no series has,
 * comparisons that no value can meet, matches of series whose labels never agree. Empty: it can be true. It thinks in
 * ranges, so it may miss a contradiction, and never invents one.
 */
export function impossibilities(expression: Expression, world: World): readonly string[] {
  const findings: string[] = [];
  evaluate(expression, world, (finding) => findings.push(finding));
  return findings;
}

type Report = (finding: string) => void;

function evaluate(expression: Expression, world: World, report: Report): Value {
  const seriesOf = (part: Expression): readonly Series[] => {
    const value = evaluate(part, world, report);
    return 'series' in value ? value.series : [{ labels: {}, range: value.scalar }];
  };
  switch (expression.kind) {
    case 'number':
      return { scalar: exactly(expression.value) };
    case 'text':
      return { scalar: exactly(0) };
    case 'negative': {
      const value = evaluate(expression.of, world, report);
      const turn = ({ lo, hi, whole }: Range): Range => ({ lo: -hi, hi: -lo, ...(whole === true ? { whole } : {}) });
      if ('scalar' in value) return { scalar: turn(value.scalar) };
      return { series: value.series.map(({ labels, range }) => ({ labels, range: turn(range) })) };
    }
    case 'selector':
      return { series: select(expression.metric, expression.matchers, expression.text, world, report) };
    case 'range':
      return { series: seriesOf(expression.of) };
    case 'call':
      return call(
        expression.name,
        expression.args.map((part) => evaluate(part, world, report)),
      );
    case 'aggregation': {
      const series = seriesOf(expression.args.at(-1)!);
      return { series: distinct(series.map((one) => aggregated(expression, one))) };
    }
    case 'binary':
      return binary(
        expression,
        evaluate(expression.left, world, report),
        evaluate(expression.right, world, report),
        report,
      );
  }
}

function select(
  metric: string,
  matchers: readonly Matcher[],
  text: string,
  world: World,
  report: Report,
): readonly Series[] {
  const known = world.get(metric);
  if (known === undefined) {
    report(`nobody exports ${metric}`);
    return [];
  }
  const strange = matchers.find(({ label }) => known.every(({ labels }) => !(label in labels)));
  if (strange !== undefined) {
    report(`${metric} has no label ${strange.label}: ${text}`);
    return known;
  }
  const found = known.filter(({ labels }) =>
    matchers.every((matcher) => mayMatch(labels[matcher.label] ?? '', matcher)),
  );
  if (found.length === 0) report(`no series of ${metric} has these labels: ${text}`);
  return found;
}

function mayMatch(value: LabelValue, { operator, value: wanted }: Matcher): boolean {
  if (typeof value === 'symbol') return true;
  const matches = operator.includes('~') ? new RegExp(`^(?:${wanted})$`, 's').test(value) : value === wanted;
  return operator.startsWith('!') ? !matches : matches;
}

const KEEP_RANGE =
  /^(?:(?:max|min|avg|last|quantile)_over_time|sort|sort_desc|label_replace|round|ceil|floor|clamp(?:_max|_min)?|abs)$/;
const RATES = /^(?:rate|irate|increase|changes|resets|stddev_over_time|sum_over_time)$/;

function call(name: string, args: readonly Value[]): Value {
  const series = args.flatMap((value) => ('series' in value ? value.series : []));
  const each = (range: (known: Range) => Range): Value => ({
    series: series.map(({ labels, range: known }) => ({ labels, range: range(known) })),
  });
  if (name === 'time') return { scalar: INSTANT };
  if (name === 'vector') return { series: [{ labels: {}, range: (args[0] as { scalar: Range }).scalar }] };
  // What is absent has the labels of its matchers; nothing here joins on them.
  if (name === 'absent' || name === 'absent_over_time')
    return { series: series.length === 0 ? [] : [{ labels: {}, range: exactly(1) }] };
  if (name === 'count_over_time') return each(() => ({ lo: 1, hi: Infinity, whole: true }));
  if (name === 'timestamp') return each(() => INSTANT);
  if (name === 'clamp_min') {
    const least = (args[1] as { scalar: Range }).scalar;
    return each(({ lo, hi }) => ({ lo: Math.max(lo, least.lo), hi: Math.max(hi, least.hi) }));
  }
  if (name === 'histogram_quantile')
    return { series: distinct(series.map(({ labels }) => ({ labels: omit(labels, ['le']), range: FROM_ZERO }))) };
  if (RATES.test(name)) return each(() => FROM_ZERO);
  if (KEEP_RANGE.test(name)) return each((known) => known);
  throw new Error(`teach test/support/promql-world.ts what ${name}() does`);
}

function aggregated(
  { name, by, without }: Extract<Expression, { kind: 'aggregation' }>,
  { labels, range }: Series,
): Series {
  const kept = /^(?:topk|bottomk)$/.test(name)
    ? labels
    : without !== null
      ? omit(labels, without)
      : Object.fromEntries(Object.entries(labels).filter(([label]) => by?.includes(label) ?? false));
  switch (name) {
    case 'count':
      return { labels: kept, range: { lo: 1, hi: Infinity, whole: true } };
    case 'group':
      return { labels: kept, range: exactly(1) };
    case 'sum':
      return {
        labels: kept,
        range: {
          lo: Math.min(range.lo, range.lo < 0 ? -Infinity : range.lo),
          hi: range.hi > 0 ? Infinity : range.hi,
          whole: range.whole === true,
        },
      };
    case 'max':
    case 'min':
    case 'avg':
    case 'topk':
    case 'bottomk':
      return { labels: kept, range: name === 'avg' ? { lo: range.lo, hi: range.hi } : range };
    default:
      throw new Error(`teach test/support/promql-world.ts what ${name} does`);
  }
}

function binary(expression: Extract<Expression, { kind: 'binary' }>, left: Value, right: Value, report: Report): Value {
  const { operator, bool, text } = expression;
  const isComparison = /^(?:[<>]=?|[!=]=)$/.test(operator);
  const combined = (a: Range, b: Range): Range | null =>
    !isComparison ? calculate(operator, a, b) : bool ? { lo: 0, hi: 1, whole: true } : compare(operator, a, b);
  if ('scalar' in left && 'scalar' in right) return { scalar: combined(left.scalar, right.scalar) ?? exactly(0) };

  if (operator === 'or') return { series: distinct([...seriesIn(left), ...seriesIn(right)]) };
  if (operator === 'unless') return left;
  const found = seriesIn(left).flatMap((one): Series[] => {
    if ('scalar' in right) return some(one.labels, combined(one.range, right.scalar));
    return seriesIn(right).flatMap((other) => {
      if ('scalar' in left)
        return some(
          other.labels,
          isComparison ? compare(FLIPPED[operator]!, other.range, left.scalar) : combined(left.scalar, other.range),
        );
      if (!mayAgree(one, other, expression)) return [];
      return some(one.labels, operator === 'and' ? one.range : combined(one.range, other.range));
    });
  });
  if (found.length === 0 && seriesIn(left).length > 0 && seriesIn(right).length > 0)
    report(`this is never true: ${text.replace(/\s+/g, ' ')}`);
  return { series: distinct(found) };
}

const FLIPPED: Readonly<Record<string, string>> = {
  '<': '>',
  '>': '<',
  '<=': '>=',
  '>=': '<=',
  '==': '==',
  '!=': '!=',
};

const some = (labels: Series['labels'], range: Range | null): Series[] => (range === null ? [] : [{ labels, range }]);

const seriesIn = (value: Value): readonly Series[] =>
  'series' in value ? value.series : [{ labels: {}, range: value.scalar }];

function mayAgree(a: Series, b: Series, { on, ignoring }: Extract<Expression, { kind: 'binary' }>): boolean {
  const names =
    on ?? [...new Set([...Object.keys(a.labels), ...Object.keys(b.labels)])].filter((name) => !ignoring.includes(name));
  return names.every((name) => {
    const [one, other] = [a.labels[name] ?? '', b.labels[name] ?? ''];
    if (one === other || one === ANY_OR_NONE || other === ANY_OR_NONE) return true;
    return (one === ANY && other !== '') || (other === ANY && one !== '');
  });
}

const omit = (labels: Series['labels'], names: readonly string[]): Series['labels'] =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => !names.includes(name)));

/** Series of the same labels become one that can be what either can. */
function distinct(series: readonly Series[]): readonly Series[] {
  const byLabels = new Map<string, Series>();
  for (const one of series) {
    const key = JSON.stringify(
      Object.entries(one.labels)
        .map(([name, value]) => [name, String(value)])
        .sort(),
    );
    const known = byLabels.get(key);
    byLabels.set(key, known === undefined ? one : { ...one, range: covering(known.range, one.range) });
  }
  return [...byLabels.values()];
}
