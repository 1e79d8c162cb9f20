import {
  daily,
  dayOfWeek,
  each,
  type Made,
  type MakeClass,
  noise,
  type Path,
  remembering,
  type World,
} from './paths.ts';

/**
 * Series put together at random, so that the trees meet more than the named classes: whatever happens before the cut may
 * happen after it too, and nothing says whether it will. They have no threshold of their own; `cases.ts` draws one.
 */
export const WILD: Readonly<Record<string, MakeClass>> = {
  /** Data that come in and stay, but for what somebody tidies up now and then. */
  wild_growth: (world) => stored(world, world.random.pick([kept, kept, kept, tidied]), 'soon'),

  /** Data that come in and are deleted by the clock or by the level. */
  wild_purges: (world) => stored(world, world.random.pick([purged, purged, collected]), 'highest'),

  /** Data that are deleted when they are so many days old. */
  wild_retention: (world) => stored(world, expired, 'highest'),

  /** Nothing for days, then much at once: archives, repositories, releases. */
  wild_bursts(world) {
    const { random, hours, hourOfDay } = world;
    const gap = random.logBetween(8, 250);
    const size = random.logBetween(0.002, 0.05) * Math.min(1, gap / 48);
    const tail = random.between(1.05, 2.5);
    const drizzle = random.chance(0.5) ? (size / gap) * random.between(0.02, 0.5) : 0;
    const atNight = random.between(0, 1);
    let level = random.between(0.05, 0.4);
    const path = each(hours, (i) => {
      const hour = (i + hourOfDay) % 24;
      const quiet = (hour < 7 || hour > 19 ? atNight : 1) * (dayOfWeek(world, i) < 5 ? 1 : atNight);
      if (random.chance(quiet / gap)) level += size * Math.min(40, (1 - random.share()) ** (-1 / tail) - 0.8);
      level += drizzle * random.share();
      return level;
    });
    return { path, anyCut: true, capacity: 'soon' };
  },

  /** A load that follows days and weeks, and moves to another level now and then. */
  wild_load(world) {
    const { random, hours } = world;
    const wave = daily(world, random.logBetween(0.003, 0.2));
    const weekend = random.chance(0.5) ? random.between(0.2, 1) : 1;
    const wander = remembering(world, random.logBetween(0.003, 0.1), Math.exp(-1 / random.logBetween(3, 300)));
    const small = noise(world, 0.0005, 0.02);
    const heavy = random.chance(0.4) ? random.logBetween(0.01, 0.15) : 0;
    const drift = random.chance(0.3) ? random.normal() * 0.004 : 0;
    const stay = random.logBetween(48, 3000);
    let level = random.between(0.2, 0.7);
    const start = level;
    let peak = 0;
    const path = each(hours, (i) => {
      if (random.chance(1 / stay)) level = random.chance(0.4) ? start : level + random.normal() * 0.15;
      if (heavy > 0 && random.chance(1 / 30)) peak = heavy * random.exponential(1);
      peak *= 0.75;
      const factor = dayOfWeek(world, i) < 5 ? 1 : weekend;
      return Math.max(0, level + (drift * i) / 24 + wave[i]! * factor + wander[i]! + small[i]! + peak);
    });
    return { path: garnish(world, path), anyCut: true };
  },

  /** A leak, and restarts that come by the clock, by the level, or by chance, until they do not. */
  wild_leak(world) {
    const { random, hours } = world;
    const base = random.between(0.1, 0.4);
    const rise = random.logBetween(0.01, 0.4) / 24;
    const kind = random.pick(['clock', 'level', 'chance', 'weekly'] as const);
    const period = kind === 'weekly' ? 168 : random.logBetween(10, 400);
    const jitter = random.pick([0, 0.02, 0.1, 0.4]);
    const bow = random.chance(0.3) ? random.between(0.6, 1.8) : 1;
    const forgets = random.chance(0.3) ? 1 / random.logBetween(3, 60) : 0;
    const ends = random.chance(0.3) ? random.whole(0, hours) : hours;
    let since = random.between(0, period);
    let due = period;
    let floor = base;
    const path = each(hours, (i) => {
      since += 1;
      const isDue = i < ends && (kind === 'chance' ? random.chance(1 / period) : since >= due);
      if (isDue && !random.chance(forgets)) {
        since = 0;
        due = period * Math.max(0.2, 1 + jitter * random.normal());
        floor = base * (1 + 0.2 * jitter * random.normal());
      } else if (isDue) due += period;
      return floor + rise * period * (since / period) ** bow;
    });
    const small = noise(world, 0.0003, 0.006);
    return {
      path: garnish(
        world,
        path.map((value, i) => value + small[i]!),
      ),
      anyCut: true,
    };
  },

  /** Pieces of lines, each until something changes. */
  wild_pieces(world) {
    const { random, hours } = world;
    const stay = random.logBetween(60, 2000);
    const typical = random.logBetween(0.001, 0.06) / 24;
    const draw = () => (random.chance(0.35) ? 0 : typical * random.exponential(1) * (random.chance(0.15) ? -1 : 1));
    let slope = draw();
    let bow = 0;
    let level = random.between(0.1, 0.6);
    const changes: number[] = [];
    const path = each(hours, (i) => {
      if (random.chance(1 / stay)) {
        changes.push(i);
        slope = draw();
        bow = random.chance(0.3) ? (slope * random.normal()) / 300 : 0;
        if (random.chance(0.3)) level = Math.max(0.02, level + random.normal() * 0.1);
      }
      slope = slope + bow < 0 && slope > 0 ? 0 : slope + bow;
      level = Math.max(0.01, level + slope);
      return level;
    });
    const small = noise(world, 0.0002, 0.006);
    const wave = random.chance(0.5) ? daily(world, random.logBetween(0.001, 0.05)) : new Float64Array(hours);
    return {
      path: garnish(
        world,
        path.map((value, i) => Math.max(0, value + small[i]! + wave[i]!)),
      ),
      cuts: drawCuts(world, changes),
      capacity: 'soon',
    };
  },

  /** A rise that grows or slows down for as long as it lasts, from somewhere on, and mostly nothing before. */
  wild_curves(world) {
    const { random, hours, days } = world;
    const onset = random.chance(0.5) ? 0 : random.whole(0, days * 24);
    const span = Math.max(240, days * 24 - onset + random.between(-200, 700));
    const power = random.chance(0.6) ? random.between(1, 4) : random.between(0.25, 1);
    const size = random.logBetween(0.03, 1);
    const base = random.between(0.1, 0.6);
    const before = random.chance(0.6) ? 0 : random.between(-0.5, 1) * (size / span);
    const ends = random.chance(0.25) ? onset + random.between(0.2, 1.5) * span : hours;
    const small = noise(world, 0.0002, 0.005);
    const wave = random.chance(0.4) ? daily(world, random.logBetween(0.001, 0.04)) : new Float64Array(hours);
    const path = each(hours, (i) => {
      const risen = size * (Math.max(0, Math.min(i, ends) - onset) / span) ** power;
      return Math.max(0, base + before * Math.min(0, i - onset) + risen + small[i]! + wave[i]!);
    });
    return { path, cuts: drawCuts(world, [onset, Math.min(ends, hours)]), capacity: 'soon' };
  },
};

/** Some hours to some days after something changed, and anywhere. */
function drawCuts({ random, days, hours }: World, changes: readonly number[]): number[] {
  const latest = hours - 15 * 24;
  const near = [0, 1].map(() => random.pick([0, ...changes]) + random.logBetween(5, 150));
  const anywhere = random.whole(6, (days + 10) * 24);
  return [days * 24, ...near, anywhere].filter((cut) => cut >= 6 && cut < latest);
}

/** What arrives each hour: even, by working hours, or in bursts of any size; the rate changes now and then. */
function arrivals(world: World): Path {
  const { random, hours, hourOfDay } = world;
  const rate = random.logBetween(0.002, 0.08) / 24;
  const stay = random.logBetween(150, 4000);
  const byDay = random.chance(0.6) ? random.between(0.2, 1) : 0;
  const weekend = random.chance(0.5) ? random.between(0, 0.8) : 1;
  const bursty = random.chance(0.5) ? random.logBetween(2, 300) : 0;
  const tail = random.between(1.1, 3);
  const weekly = random.chance(0.6) ? random.between(0.05, 0.5) : 0;
  const unsteady = random.chance(0.6) ? random.between(0.1, 0.8) : 0;
  const phase = random.between(0, 24);
  let factor = 1;
  let today = 1;
  let week = 1;
  return each(hours, (i) => {
    if (random.chance(1 / stay)) factor = random.chance(0.15) ? 0.02 : Math.exp(random.normal() * 0.8);
    if (i % 24 === 0) today = Math.exp(unsteady * random.normal());
    if (i % 168 === 0) week = Math.exp(weekly * random.normal());
    const wave = 1 + byDay * Math.sin((2 * Math.PI * (i + hourOfDay - phase)) / 24);
    const mean = rate * factor * today * week * wave * (dayOfWeek(world, i) < 5 ? 1 : weekend);
    if (bursty === 0) return mean * (0.7 + 0.6 * random.share());
    if (!random.chance(1 / bursty)) return mean * 0.1;
    // Pareto: now and then one burst is most of the growth.
    return mean * bursty * Math.min(100, ((tail - 1) / tail) * (1 - random.share()) ** (-1 / tail));
  });
}

function stored(world: World, policy: Policy, capacity: 'highest' | 'soon'): Made {
  const { random, hours } = world;
  const level = policy(world, arrivals(world));
  const small = noise(world, 0.0001, 0.003);
  const wave = random.chance(0.3) ? daily(world, random.logBetween(0.002, 0.05)) : new Float64Array(hours);
  return {
    path: garnish(
      world,
      level.map((value, i) => Math.max(0, value + small[i]! + wave[i]!)),
    ),
    anyCut: true,
    capacity,
  };
}

type Policy = (world: World, arriving: Path) => Path;

const kept: Policy = ({ random }, arriving) => {
  let level = random.between(0.05, 0.5);
  return arriving.map((amount) => {
    level += amount;
    return level;
  });
};

const expired: Policy = ({ random }, arriving) => {
  const keeps = Math.round(random.logBetween(3, 45) * 24);
  let level = random.between(0.05, 0.4);
  return arriving.map((amount, i) => {
    level += amount - (i >= keeps ? arriving[i - keeps]! : 0);
    return level;
  });
};

const purged: Policy = ({ random }, arriving) => {
  const period = random.pick([24, 48, 168, 168, 168, 336, random.whole(20, 400)]);
  const share = random.between(0.4, 1);
  const fails = random.pick([0, 0, 0.05, 0.2]);
  const start = random.whole(0, period - 1);
  const base = random.between(0.02, 0.3);
  let level = base;
  return arriving.map((amount, i) => {
    level += amount;
    if ((i + start) % period === 0 && !random.chance(fails)) level -= share * (level - base);
    return level;
  });
};

const collected: Policy = ({ random }, arriving) => {
  const total = arriving.reduce((sum, amount) => sum + amount, 0);
  const base = random.between(0.05, 0.4);
  const ceiling = base + total / random.logBetween(2, 40);
  const share = random.between(0.3, 1);
  let level = random.between(base, ceiling);
  return arriving.map((amount) => {
    level += amount;
    if (level >= ceiling) level -= share * (level - base);
    return level;
  });
};

const tidied: Policy = ({ random }, arriving) => {
  const every = random.logBetween(200, 2500);
  let level = random.between(0.05, 0.5);
  return arriving.map((amount) => {
    level += amount;
    if (random.chance(1 / every)) level *= 1 - random.between(0.1, 0.7);
    return level;
  });
};

/** Backup spikes and level shifts, on some. */
function garnish({ random, hourOfDay }: World, path: Path): Path {
  const spike = random.chance(0.12) ? random.logBetween(0.02, 0.3) : 0;
  const lasts = random.whole(1, 4);
  const at = random.whole(0, 23);
  const shift = random.chance(0.15) ? random.whole(0, path.length - 1) : path.length;
  const by = random.normal() * 0.15;
  return path.map((value, i) => {
    const isSpike = (i + hourOfDay - at + 24) % 24 < lasts;
    return Math.max(0, value + (isSpike ? spike * (0.8 + 0.2 * random.share()) : 0) + (i >= shift ? by : 0));
  });
}
