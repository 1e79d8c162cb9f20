/** A forecast, and what came of it. */
export interface Scored {
  readonly className: string;
  /** Days until three hours in a row were critical; null: never. */
  readonly truth: number | null;
  readonly days: number | null;
  readonly confidence: number;
  /** Probability of a crossing within 14 days. */
  readonly within: number;
}

/** Shares, 0 to 1; NaN where nothing counts. */
export interface Score {
  readonly cases: number;
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
  const brier = mean(all.map((one) => (one.within - Number(crosses(one))) ** 2));
  return {
    cases: all.length,
    hits: share(soon, isHit),
    misses: share(soon, (one) => !alarms(one)),
    falseAlarms: share(never, (one) => alarms(one)),
    falseAlarms3: share(never, (one) => alarms(one, 3)),
    sureRight: share(sure, crosses),
    sureRecall: sure.filter(crosses).length / soon.length,
    brier,
    skill: 1 - brier / (base * (1 - base)),
    calibration: calibration(all, 10, ({ within }) => within),
    alarmCalibration: calibration(alarmed, 5, ({ confidence }) => confidence),
  };
}

/** By class, in the order in which they come. */
export function scoreClasses(all: readonly Scored[]): ReadonlyMap<string, Score> {
  return new Map([...Map.groupBy(all, ({ className }) => className)].map(([name, part]) => [name, score(part)]));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function share(all: readonly Scored[], counts: (one: Scored) => boolean): number {
  return all.filter(counts).length / all.length;
}

function calibration(all: readonly Scored[], bins: number, said: (one: Scored) => number): number {
  const groups = Map.groupBy(all, (one) => Math.min(bins - 1, Math.floor(said(one) * bins)));
  let off = 0;
  for (const group of groups.values()) off += Math.abs(mean(group.map(said)) - share(group, crosses)) * group.length;
  return off / all.length;
}
