/** A probability that was stated, and whether what it spoke of came. */
export interface Stated {
  readonly probability: number;
  readonly came: boolean;
}

/** A forecast, and what came of it. */
export interface Scored {
  /** Days until three hours in a row were critical; null: never, as far as is known. */
  readonly truth: number | null;
  readonly days: number | null;
  readonly confidence: number;
  /** Probability of a crossing within 14 days. */
  readonly within: number;
}

/** Shares, 0 to 1; NaN where nothing counts. */
export interface Score {
  readonly cases: number;
  /** How many of them cross within 14 days. */
  readonly crossings: number;
  /** Within a quarter or a day, of those that cross within 14 days. */
  readonly hits: number;
  /** No days within 14, of the same. */
  readonly misses: number;
  /** Days within 14, and within 3, of those that never cross. */
  readonly falseAlarms: number;
  readonly falseAlarms3: number;
  /** Of alarms with a confidence of at least .8: how many cross, and how many of the crossings they are. */
  readonly sureRight: number;
  readonly sureRecall: number;
  readonly brier: number;
  /** What the Brier score gains over saying the base rate each time. */
  readonly skill: number;
  /** Mean distance of what is said from what comes, over all (ten bins), and over alarms (five). */
  readonly calibration: number;
  readonly alarmCalibration: number;
}

const FORTNIGHT = 14;

const crosses = ({ truth }: Scored): boolean => truth !== null && truth <= FORTNIGHT;
const alarms = ({ days }: Scored, within = FORTNIGHT): boolean => days !== null && days <= within;
const isHit = ({ days, truth }: Scored): boolean =>
  days !== null && Math.abs(days - truth!) <= Math.max(0.25 * truth!, 1);

export function score(all: readonly Scored[]): Score {
  const soon = all.filter(crosses);
  const never = all.filter(({ truth }) => truth === null);
  const alarmed = all.filter((one) => alarms(one));
  const sure = alarmed.filter(({ confidence }) => confidence >= 0.8);
  const base = share(all, crosses);
  const stated = all.map((one) => ({ probability: one.within, came: crosses(one) }));
  const error = brier(stated);
  return {
    cases: all.length,
    crossings: soon.length,
    hits: share(soon, isHit),
    misses: share(soon, (one) => !alarms(one)),
    falseAlarms: share(never, (one) => alarms(one)),
    falseAlarms3: share(never, (one) => alarms(one, 3)),
    sureRight: share(sure, crosses),
    sureRecall: sure.filter(crosses).length / soon.length,
    brier: error,
    skill: 1 - error / (base * (1 - base)),
    calibration: calibrationError(stated, 10),
    alarmCalibration: calibrationError(
      alarmed.map((one) => ({ probability: one.confidence, came: crosses(one) })),
      5,
    ),
  };
}

/** Mean square of what was said beside what came (0 or 1): 0 is best, saying .5 each time is .25. NaN of none. */
export function brier(all: readonly Stated[]): number {
  return mean(all.map(({ probability, came }) => (probability - Number(came)) ** 2));
}

/** Mean distance, over equal bins of what was said, of the mean said from the share that came. NaN of none. */
export function calibrationError(all: readonly Stated[], bins: number): number {
  const groups = Map.groupBy(all, ({ probability }) => Math.min(bins - 1, Math.floor(probability * bins)));
  let off = 0;
  for (const group of groups.values()) {
    const said = mean(group.map(({ probability }) => probability));
    off += Math.abs(said - share(group, ({ came }) => came)) * group.length;
  }
  return off / all.length;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function share<T>(all: readonly T[], counts: (one: T) => boolean): number {
  return all.filter(counts).length / all.length;
}
