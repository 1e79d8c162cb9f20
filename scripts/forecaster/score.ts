import { type Score, type Scored, score } from '../../src/forecast/scoring.ts';

/** A forecast of a case, and what came of it. */
export interface ScoredCase extends Scored {
  readonly className: string;
}

/** By class, in the order in which they come. */
export function scoreClasses(all: readonly ScoredCase[]): ReadonlyMap<string, Score> {
  return new Map([...Map.groupBy(all, ({ className }) => className)].map(([name, part]) => [name, score(part)]));
}
