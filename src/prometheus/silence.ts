import { CLOCK_SKEW } from '../prediction/prediction.ts';
import { oneLine } from './http.ts';
import { regexMatches } from './matcher-regex.ts';

export interface Matcher {
  readonly name: string;
  readonly value: string;
  readonly is_regex: boolean;
  /** False: `!=` or `!~`. */
  readonly is_equal: boolean;
}

export interface Silence {
  readonly id: string;
  readonly matchers: readonly Matcher[];
  /** Epoch milliseconds, by Alertmanager's clock. */
  readonly starts_at: number;
  readonly ends_at: number;
  readonly created_by: string;
  readonly comment: string;
}

/**
 * The first silence that covers an alert with these labels, in words; null when none does. Alertmanager's rules: every
 * matcher has to match, a label that is missing is the empty text, regular expressions match the whole value. What cannot
 * be decided counts as matching, and our clock's error counts in favour of the silence.
 */
export function silenceCovering(
  silences: readonly Silence[],
  labels: Readonly<Record<string, string>>,
  now: number,
): string | null {
  const covering = silences.find(
    ({ starts_at, ends_at, matchers }) =>
      !(starts_at - now > CLOCK_SKEW) &&
      !(now - ends_at > CLOCK_SKEW) &&
      matchers.every((matcher) => matches(matcher, labels)),
  );
  if (covering === undefined) return null;
  const { id, created_by, comment, ends_at } = covering;
  const by = created_by === '' ? '' : ` by ${oneLine(created_by, 60)}`;
  const why = comment === '' ? '' : `: ${oneLine(comment, 200)}`;
  return `silence ${oneLine(id, 60)}${by} until ${new Date(ends_at).toISOString()} covers it${why}`;
}

function matches({ name, value, is_regex, is_equal }: Matcher, labels: Readonly<Record<string, string>>): boolean {
  const label = Object.hasOwn(labels, name) ? (labels[name] ?? '') : '';
  if (!is_regex) return (label === value) === is_equal;
  const matched = regexMatches(value, label);
  return matched === null || matched === is_equal;
}
