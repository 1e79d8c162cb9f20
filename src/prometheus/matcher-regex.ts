const MAX_PATTERN = 1_000;
const MAX_VALUE = 1_024;
/** Steps that a backtracking match may take: some ten milliseconds. */
const MAX_STEPS = 10_000_000;

/**
 * Whether an Alertmanager matcher's regular expression (Go's RE2, anchored at both ends) matches a value; null where that
 * cannot be said: a construct that JavaScript has not or reads otherwise, or one that could make it search for long.
 */
export function regexMatches(pattern: string, value: string): boolean | null {
  if (pattern.length > MAX_PATTERN || value.length > MAX_VALUE) return null;
  const steps = mostSteps(pattern, value.length);
  if (steps === null || steps > MAX_STEPS) return null;
  try {
    return new RegExp(`^(?:${pattern})$`, 'us').test(value);
  } catch {
    return null;
  }
}

/**
 * How many steps a backtracking match can take at most: each repetition tries every length of the value, each group every
 * alternative. Null where a group is repeated (no such bound), and for what the two languages read differently: white
 * space and POSIX classes, flags, and the groups that only JavaScript has.
 */
function mostSteps(pattern: string, valueLength: number): number | null {
  let steps = 1;
  let inClass = false;
  const alternatives = [1];
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i] as string;
    if (c === '\\') {
      i++;
      if (/[sS1-9kB]/.test(pattern[i] ?? '')) return null;
    } else if (inClass) {
      if (c === '[') return null;
      inClass = c !== ']';
    } else if (c === '[') {
      inClass = true;
    } else if (c === '(') {
      alternatives.push(1);
      if (pattern[i + 1] !== '?') continue;
      if (pattern[i + 2] !== ':') return null;
      i += 2;
    } else if (c === '|') {
      alternatives.push((alternatives.pop() ?? 1) + 1);
    } else if (c === ')') {
      if (/[*+{]/.test(pattern[i + 1] ?? '')) return null;
      steps *= alternatives.pop() ?? 1;
    } else if ('*+?{'.includes(c)) {
      steps *= Math.max(2, valueLength + 1);
    }
  }
  return steps;
}
