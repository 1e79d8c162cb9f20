/*
 * How a page writes an output of which parts change from run to run:
 * - `…` stands for any text on its line; a line that is nothing but `…` stands for any number of lines.
 * - An execution's or decision's id and an instant (`2026-03-01T12:00:00Z`) stand for any other one.
 * Everything else has to be there as it is shown. Blanks at the ends of lines and of the output do not matter.
 */

const ID = /\b(exec|dec)_[0-9A-Za-z_-]+/g;
const INSTANT = /\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)/g;

/** Null where the output is as shown; else the two, one below the other. */
export function outputProblem(shown: string, found: string): string | null {
  const expected = lines(shown);
  const actual = lines(found);
  return matches(expected, actual) ? null : `shown:\n${expected.join('\n')}\nbut it is:\n${actual.join('\n')}`;
}

function lines(text: string): readonly string[] {
  const general = text.replace(ID, '$1_ID').replace(INSTANT, 'INSTANT');
  return general
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trim()
    .split('\n');
}

function matches(expected: readonly string[], actual: readonly string[]): boolean {
  const [first, ...rest] = expected;
  if (first === undefined) return actual.length === 0;
  if (first.trim() === '…') {
    for (let skip = 0; skip <= actual.length; skip++) if (matches(rest, actual.slice(skip))) return true;
    return false;
  }
  return actual.length > 0 && lineMatches(first, actual[0]!) && matches(rest, actual.slice(1));
}

function lineMatches(expected: string, actual: string): boolean {
  const parts = expected.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(actual);
}
