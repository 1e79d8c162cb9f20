/** A safety check (or `action.verify.expect`) as it was written: `FACT`, `no_FACT`, or `FACT OP NUMBER[%]`. */
export interface CheckExpression {
  /** Name of the fact, without the `no_` of a negation. */
  readonly fact: string;
  readonly negated: boolean;
  readonly op: CheckOperator | null;
  /** Null exactly when `op` is. */
  readonly number: number | null;
}

export type CheckOperator = '<' | '<=' | '>' | '>=' | '==' | '!=';

export type ParsedCheck =
  | { readonly ok: true; readonly expression: CheckExpression }
  | { readonly ok: false; readonly problem: string };

const EXPECTED = 'expected FACT, no_FACT or FACT OP NUMBER[%] with OP one of < <= > >= == !=';
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const OPERATORS: readonly string[] = ['<', '<=', '>', '>=', '==', '!='];
const MAX_LENGTH = 256;

/**
 * Reads one expression; `problem` says what was found and what was expected. Blanks around the parts are free, `%` is
 * only for the eye. A leading `no_` negates only where no operator follows: in `no_x < 5` the fact is `no_x`.
 */
export function parseCheckExpression(text: string): ParsedCheck {
  if (text.length > MAX_LENGTH) return { ok: false, problem: `longer than ${MAX_LENGTH} characters; ${EXPECTED}` };
  const refuse = (what: string): ParsedCheck => ({
    ok: false,
    problem: `${JSON.stringify(text)}: ${what}; ${EXPECTED}`,
  });
  const parts = /^[ \t]*([^<>=!]*)([<>=!]*)([^<>=!]*)$/.exec(text);
  if (parts === null) return refuse('more than one operator');
  const name = (parts[1] ?? '').trim();
  const op = parts[2] ?? '';
  const operand = (parts[3] ?? '').trim();
  if (name === '') return refuse('no fact is named');
  if (!NAME.test(name)) return refuse(`${JSON.stringify(name)} is not the name of a fact (letters, digits and _)`);
  if (op === '') {
    const negated = name.startsWith('no_') && name.length > 3 && NAME.test(name.slice(3));
    return { ok: true, expression: { fact: negated ? name.slice(3) : name, negated, op: null, number: null } };
  }
  if (!OPERATORS.includes(op)) return refuse(`unknown operator ${JSON.stringify(op)}`);
  const digits = operand.replace(/[ \t]*%$/, '');
  if (!NUMBER.test(digits))
    return refuse(operand === '' ? 'no number after the operator' : `${JSON.stringify(operand)} is not a number`);
  const number = Number(digits);
  if (!Number.isFinite(number)) return refuse(`${JSON.stringify(operand)} is out of range`);
  return { ok: true, expression: { fact: name, negated: false, op: op as CheckOperator, number } };
}

/**
 * The expression against the names that exist: a defined fact whose own name begins with `no_` wins over a negation.
 * Null: nobody defines the fact, which is a configuration error and at run time a failed check.
 */
export function resolveFact(expression: CheckExpression, defined: ReadonlySet<string>): CheckExpression | null {
  if (expression.negated && defined.has(`no_${expression.fact}`)) {
    return { ...expression, fact: `no_${expression.fact}`, negated: false };
  }
  return defined.has(expression.fact) ? expression : null;
}

/**
 * Whether a value passes; in doubt it does not.
 * - `FACT` wants true, or a number above 0 (a count: `active_backups` of 2 is "there are backups").
 * - `no_FACT` wants false, or exactly 0. Neither passes on a negative number.
 * - `FACT OP NUMBER` compares numbers. true and false compare as 1 and 0, and only by `==` and `!=` with 0 or 1: a
 *   `true` where a percentage was meant must not pass as `1 < 95`.
 * - NaN and infinities never pass.
 */
export function evaluateCheck(expression: CheckExpression, value: number | boolean): boolean {
  if (typeof value === 'number' && !Number.isFinite(value)) return false;
  const { op, number } = expression;
  if (op === null || number === null) {
    if (expression.negated) return value === false || value === 0;
    return value === true || (typeof value === 'number' && value > 0);
  }
  if (typeof value === 'boolean') {
    if (number !== 0 && number !== 1) return false;
    const same = Number(value) === number;
    return op === '==' ? same : op === '!=' ? !same : false;
  }
  return compare(value, op, number);
}

function compare(value: number, op: CheckOperator, number: number): boolean {
  switch (op) {
    case '<':
      return value < number;
    case '<=':
      return value <= number;
    case '>':
      return value > number;
    case '>=':
      return value >= number;
    case '==':
      return value === number;
    case '!=':
      return value !== number;
  }
}
