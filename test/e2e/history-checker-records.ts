/** A start or an end of a real run, as its playbook wrote it. */
interface Mark {
  readonly id: string;
  /** Null where the line does not say when. */
  readonly at: number | null;
}

/** Starts and ends of real runs, in the order in which they were written; dry runs are left out. */
export function marksIn(records: readonly string[]): {
  readonly starts: readonly Mark[];
  readonly ends: readonly Mark[];
} {
  const marks = (kind: string) => records.filter((line) => line.startsWith(`${kind} `)).map(markOf);
  return { starts: marks('run'), ends: marks('run-end') };
}

function markOf(line: string): Mark {
  const words = line.split(' ');
  const when = /^@(\d+)$/.exec(words.at(-1)!)?.[1];
  return { id: words[1]!, at: when === undefined ? null : Number(when) };
}

export function countsOf(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

export function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group === undefined) groups.set(keyOf(value), [value]);
    else group.push(value);
  }
  return groups;
}
