import type { Random } from '../../scripts/forecaster/random.ts';

/** Something that writes until it is stopped; it begins at an hour whatever is done about the disk. */
export interface Leak {
  readonly from: number;
  /** Ends by itself: a release, a restart. */
  readonly to: number;
  /** Share of the disk an hour. */
  readonly rate: number;
  /** Whether what it writes can be deleted. */
  readonly freeable: boolean;
}

/**
 * All that comes to a disk from outside, and what its owner does by the clock: the same in a world with and without
 * Forestall. Shares of the disk's size, an hour each.
 */
export interface Plan {
  readonly className: string;
  readonly hours: number;
  /** What is on it at first and never goes, and what of it is old enough to be deleted. */
  readonly base: number;
  readonly oldJunk: number;
  readonly arrivals: Float64Array;
  /** How much of what arrives can be deleted once it is old. */
  readonly freeable: number;
  /** Hours that what arrives is kept; null: for ever. */
  readonly keeps: number | null;
  /** What lies above it for a while: backups, daily ups and downs, noise. */
  readonly above: Float64Array;
  /** 1 in hours of a backup. */
  readonly backup: Uint8Array;
  /** What share of the junk the owner deletes in this hour. */
  readonly tidied: Float64Array;
  readonly leaks: readonly Leak[];
  /** Of the owner's first, second, … answer to a full disk: after how many hours, and down to which share. */
  readonly answers: readonly { readonly after: number; readonly level: number }[];
}

export const YEAR = 365 * 24;
/** So that what would have come of the last runs is known. */
const AFTER = 60 * 24;

/** What tells the classes apart. */
interface Kind {
  /** Days from empty to full that arrivals alone would take. */
  readonly fillDays: readonly [number, number];
  readonly arriving?: (random: Random, rate: number, hours: number) => Float64Array;
  readonly more?: (random: Random, hours: number, rate: number) => Partial<Plan>;
}

const even = (random: Random, rate: number, hours: number): Float64Array => {
  const wave = random.between(0, 0.9);
  const phase = random.between(0, 24);
  return Float64Array.from(
    { length: hours },
    (_, i) => rate * (1 + wave * Math.sin((2 * Math.PI * (i - phase)) / 24)) * random.between(0.6, 1.4),
  );
};

const bursts = (random: Random, rate: number, hours: number): Float64Array => {
  const gap = random.logBetween(12, 200);
  const tail = random.between(1.3, 2.5);
  return Float64Array.from({ length: hours }, () => {
    if (!random.chance(1 / gap)) return rate * 0.1;
    return rate * gap * Math.min(20, ((tail - 1) / tail) * (1 - random.share()) ** (-1 / tail));
  });
};

const weekly = (random: Random, rate: number, hours: number): Float64Array => {
  const weekend = random.between(0, 0.4);
  const factor = 7 / (5 + 2 * weekend);
  const flow = even(random, rate * factor, hours);
  return flow.map((amount, i) => (Math.floor(i / 24) % 7 < 5 ? amount : amount * weekend));
};

const changing = (random: Random, rate: number, hours: number): Float64Array => {
  const stay = random.logBetween(15, 90) * 24;
  let factor = 1;
  return even(random, rate, hours).map((amount) => {
    if (random.chance(1 / stay)) factor = Math.exp(random.normal() * 0.9);
    return amount * factor;
  });
};

const onset = (random: Random, rate: number, hours: number): Float64Array => {
  const from = random.whole(30 * 24, 270 * 24);
  return even(random, rate, hours).map((amount, i) => (i < from ? amount * 0.02 : amount));
};

/** By the clock, as `cron` does it. */
const policy = (random: Random, hours: number): Partial<Plan> => {
  const period = random.pick([7, 7, 14, 30]) * 24;
  const at = random.whole(0, period - 1);
  const share = random.between(0.5, 1);
  const fails = random.pick([0, 0.05, 0.2]);
  return { tidied: each(hours, (i) => (i % period === at && !random.chance(fails) ? share : 0)) };
};

/** When somebody thinks of it. */
const nowAndThen = (random: Random, hours: number): Partial<Plan> => {
  const every = random.logBetween(15, 90) * 24;
  return { tidied: each(hours, () => (random.chance(1 / every) ? random.between(0.2, 0.9) : 0)) };
};

const backups = (random: Random, hours: number): Partial<Plan> => {
  const period = random.pick([24, 24, 168]);
  const at = random.whole(0, period - 1);
  const lasts = random.whole(1, 5);
  const size = random.logBetween(0.02, 0.15);
  const isOn = (i: number) => (i - at + period) % period < lasts;
  return {
    backup: Uint8Array.from({ length: hours }, (_, i) => Number(isOn(i))),
    above: each(hours, (i) => (isOn(i) ? size * random.between(0.8, 1) : 0)),
  };
};

const leaking =
  (freeable: boolean) =>
  (random: Random, hours: number): Partial<Plan> => {
    const leaks: Leak[] = [];
    for (let from = random.whole(0, 60 * 24); from < hours; from += random.whole(30 * 24, 150 * 24)) {
      const rate = 1 / (random.logBetween(3, 40) * 24);
      leaks.push({ from, to: from + Math.round(random.logBetween(5, 60) * 24), rate, freeable });
    }
    return { leaks };
  };

const expiring = (random: Random, _hours: number, rate: number): Partial<Plan> => ({
  keeps: Math.round(random.between(0.1, 0.6) / rate),
});

const SLOW = [300, 1500] as const;
const USUAL = [90, 1200] as const;

export const CLASSES: Readonly<Record<string, Kind>> = {
  steady: { fillDays: USUAL },
  bursts: { fillDays: USUAL, arriving: bursts },
  'by working days': { fillDays: USUAL, arriving: weekly },
  'rate changes': { fillDays: USUAL, arriving: changing },
  'begins to grow': { fillDays: [40, 500], arriving: onset },
  'cleaned by the clock': { fillDays: [30, 400], more: policy },
  'cleaned now and then': { fillDays: [40, 500], more: nowAndThen },
  'backed up': { fillDays: USUAL, more: backups },
  'kept some days': { fillDays: [15, 150], more: expiring },
  'leaks files': { fillDays: SLOW, more: leaking(true) },
  'leaks what cannot be deleted': { fillDays: SLOW, more: leaking(false) },
  quiet: { fillDays: [2000, 20_000] },
};

export function makePlan(className: string, random: Random): Plan {
  const kind = CLASSES[className]!;
  const hours = YEAR + AFTER;
  const rate = 1 / (random.logBetween(...kind.fillDays) * 24);
  const arrivals = (kind.arriving ?? even)(random, rate, hours);
  const more = kind.more?.(random, hours, rate) ?? {};
  const start = random.between(0.3, 0.7);
  const oldJunk = start * random.between(0.02, 0.25);
  const daily = random.chance(0.3) ? random.logBetween(0.001, 0.01) : 0;
  const noise = random.logBetween(0.0002, 0.003);
  const above = each(hours, (i) => {
    return (more.above?.[i] ?? 0) + daily * Math.sin((2 * Math.PI * i) / 24) + noise * random.normal();
  });
  return {
    className,
    hours,
    base: start - oldJunk,
    oldJunk,
    arrivals,
    // Some disks hold little but what has to stay.
    freeable: random.chance(0.15) ? random.between(0, 0.1) : random.between(0.2, 0.95),
    keeps: null,
    backup: new Uint8Array(hours),
    tidied: new Float64Array(hours),
    leaks: [],
    answers: Array.from({ length: 60 }, () => ({
      after: Math.round(random.logBetween(2, 36)),
      level: random.between(0.5, 0.75),
    })),
    ...more,
    above,
  };
}

function each(hours: number, at: (hour: number) => number): Float64Array {
  return Float64Array.from({ length: hours }, (_, hour) => at(hour));
}
