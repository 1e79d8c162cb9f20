import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

export interface Matcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

/** An expression of PromQL without what does not change which series it can have: offsets and ranges. */
export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text' }
  | { readonly kind: 'selector'; readonly metric: string; readonly matchers: readonly Matcher[]; readonly text: string }
  | { readonly kind: 'range'; readonly of: Expression; readonly range: string }
  | { readonly kind: 'negative'; readonly of: Expression }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[]; readonly text: string }
  | {
      readonly kind: 'aggregation';
      readonly name: string;
      /** Null: without a clause, that is `by ()`. */
      readonly by: readonly string[] | null;
      readonly without: readonly string[] | null;
      readonly args: readonly Expression[];
    }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly bool: boolean;
      readonly on: readonly string[] | null;
      readonly ignoring: readonly string[];
      readonly left: Expression;
      readonly right: Expression;
      readonly text: string;
    };

/** Parses one expression; throws with the place of the first error. */
export function parsePromql(source: string): Expression {
  const tree = parser.parse(source);
  tree.iterate({
    enter(node) {
      if (node.type.isError)
        throw new Error(
          `no PromQL at ${node.from}: ${JSON.stringify(source.slice(node.from, node.from + 30))} of ${source}`,
        );
    },
  });
  const [top] = children(tree.topNode);
  if (top === undefined) throw new Error(`no PromQL: ${source}`);
  return read(top, source);
}

function read(node: SyntaxNode, source: string): Expression {
  const inner = children(node);
  const text = source.slice(node.from, node.to);
  const first = () => read(inner[0]!, source);
  switch (node.name) {
    case 'NumberDurationLiteral':
      return { kind: 'number', value: numberOf(text) };
    case 'StringLiteral':
      return { kind: 'text' };
    case 'ParenExpr':
    case 'OffsetExpr':
    case 'StepInvariantExpr':
      return first();
    case 'UnaryExpr':
      return text.startsWith('-') ? { kind: 'negative', of: read(inner.at(-1)!, source) } : read(inner.at(-1)!, source);
    case 'VectorSelector':
      return selector(node, source);
    case 'MatrixSelector':
    case 'SubqueryExpr':
      return { kind: 'range', of: first(), range: text.slice(text.lastIndexOf('[')) };
    case 'FunctionCall':
      return { kind: 'call', name: source.slice(inner[0]!.from, inner[0]!.to), args: args(node, source), text };
    case 'AggregateExpr': {
      const modifier = node.getChild('AggregateModifier');
      const labels = modifier === null ? null : grouping(modifier, source);
      return {
        kind: 'aggregation',
        name: source.slice(inner[0]!.from, inner[0]!.to),
        by: modifier?.getChild('By') ? labels : null,
        without: modifier?.getChild('Without') ? labels : null,
        args: args(node, source),
      };
    }
    case 'BinaryExpr': {
      const clause = node.getChild('MatchingModifierClause');
      const labels = clause === null ? [] : grouping(clause, source);
      const isOn = clause !== null && clause.getChild('On') !== null;
      return {
        kind: 'binary',
        operator: source.slice(inner[1]!.from, inner[1]!.to).toLowerCase(),
        bool: node.getChild('BoolModifier') !== null,
        on: isOn ? labels : null,
        ignoring: isOn ? [] : labels,
        left: first(),
        right: read(inner.at(-1)!, source),
        text,
      };
    }
    default:
      throw new Error(`teach test/support/promql-tree.ts what ${node.name} is: ${text}`);
  }
}

function selector(node: SyntaxNode, source: string): Expression {
  const name = node.getChild('Identifier');
  if (name === null) throw new Error(`a selector without a metric: ${source.slice(node.from, node.to)}`);
  const matchers = children(node.getChild('LabelMatchers')).map((matcher) => {
    const [label, operator, value] = children(matcher).map((part) => source.slice(part.from, part.to));
    return { label: label!, operator: operator!, value: JSON.parse(value!) as string };
  });
  return {
    kind: 'selector',
    metric: source.slice(name.from, name.to),
    matchers,
    text: source.slice(node.from, node.to),
  };
}

function children(node: SyntaxNode | null): readonly SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node?.firstChild ?? null; child !== null; child = child.nextSibling) {
    if (child.name !== 'LineComment') found.push(child);
  }
  return found;
}

const args = (node: SyntaxNode, source: string) =>
  children(node.getChild('FunctionCallBody')).map((argument) => read(argument, source));

const grouping = (node: SyntaxNode, source: string): readonly string[] =>
  children(node.getChild('GroupingLabels')).map((label) => source.slice(label.from, label.to));

function numberOf(text: string): number {
  const infinite = /^([+-]?)inf$/i.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity;
  return Number(text);
}

/** Every selector of an expression, and the functions around it, innermost first. */
export function selectors(
  expression: Expression,
  around: readonly string[] = [],
): readonly { readonly metric: string; readonly range: string | null; readonly around: readonly string[] }[] {
  switch (expression.kind) {
    case 'number':
    case 'text':
      return [];
    case 'selector':
      return [{ metric: expression.metric, range: null, around }];
    case 'range':
      return selectors(expression.of, around).map((found) => ({ ...found, range: found.range ?? expression.range }));
    case 'negative':
      return selectors(expression.of, around);
    case 'binary':
      return [...selectors(expression.left, around), ...selectors(expression.right, around)];
    default:
      return expression.args
        .flatMap((argument) => selectors(argument, [...around, expression.name]))
        .map((found) => found);
  }
}
