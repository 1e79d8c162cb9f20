import { add, below, daily, dayOfWeek, each, type MakeClass, noise, remembering, ripple } from './paths.ts';

const FUTURE_DAYS = 60;

/** Series that stay below the threshold. */
export const NEVERS: Readonly<Record<string, MakeClass>> = {
  weekly_cycle_never(world) {
    const { random, hours } = world;
    const peak = random.between(0.5, 0.87);
    const day = daily(world, random.between(0.02, 0.15));
    const weekend = random.between(0.02, 0.15);
    const path = add(
      each(hours, (i) => (dayOfWeek(world, i) < 5 ? day[i]! : day[i]! * 0.4 - weekend)),
      noise(world, 0.0005, 0.008),
    );
    const top = Math.max(...path);
    return { path: path.map((value) => Math.max(0.02, value - top + peak)), anyCut: true };
  },

  backup_spike_never(world) {
    const { random, hours, hourOfDay } = world;
    const base = random.between(0.2, 0.7);
    const height = random.between(0.05, Math.min(0.35, 0.88 - base));
    const length = random.chance(0.8) ? random.whole(1, 2) : random.whole(3, 6);
    const at = random.whole(0, 5);
    const every = random.pick([24, 24, 24, 168]);
    const drift = random.chance() ? random.between(-1, 1) * 0.0004 : 0;
    const path = each(hours, (i) => {
      const since = (i + hourOfDay - at + 2400) % every;
      return base + (drift * i) / 24 + (since < length ? height * (0.8 + 0.2 * random.share()) : 0);
    });
    return { path: below(add(path, noise(world, 0.0003, 0.003)), 0.893), anyCut: true };
  },

  sawtooth_periodic_never(world) {
    const { random, days, hours } = world;
    const period = random.pick([24, 48, 72, 168, 168, 336]);
    const peak = random.between(0.45, 0.88);
    const height = random.between(0.05, Math.min(0.5, peak - 0.05));
    const jitter = random.between(0, 0.06);
    let hour = random.whole(0, period - 1);
    let level = peak - height + (height * hour) / period;
    let rise = height / period;
    const path = each(hours, () => {
      hour += 1;
      level += rise * (1 + 0.3 * random.normal());
      if (hour >= period) {
        hour = 0;
        level = peak - height * (1 + jitter * random.normal());
        rise = (height / period) * (1 + jitter * random.normal());
      }
      return level;
    });
    return {
      path: below(add(path, noise(world, 0.0002, 0.003))),
      leastDays: Math.min(days, Math.ceil((1.5 * period) / 24)),
      anyCut: true,
    };
  },

  sawtooth_threshold_never(world) {
    const { random, hours } = world;
    const ceiling = random.between(0.7, 0.88);
    const floor = ceiling - random.between(0.08, 0.4);
    const period = random.between(10, 200);
    const variation = random.between(0.2, 1.2);
    let level = random.between(floor, ceiling);
    const path = each(hours, () => {
      level += ((ceiling - floor) / period) * Math.max(0, 1 + variation * random.normal());
      if (level >= ceiling) level = floor + 0.02 * random.share();
      return level;
    });
    return { path: below(add(path, noise(world, 0.0002, 0.002))), leastDays: 5, anyCut: true };
  },

  cleanup_then_flat_never(world) {
    const { random, days, hours } = world;
    const at = Math.round(days * 24 - random.logBetween(6, 120));
    const drop = random.between(0.1, 0.5);
    const top = random.between(0.6, 0.88);
    const rise = (random.between(0.2, 1) * (top - 0.1)) / days;
    const path = each(hours, (i) => (i < at ? top - (rise * (at - i)) / 24 : Math.max(0.05, top - drop)));
    return {
      path: add(path, noise(world, 0.0003, 0.003), ripple(world)),
      cuts: [days * 24, days * 24 + random.whole(24, 240)],
    };
  },

  step_up_flat_never(world) {
    const { random, days, hours } = world;
    const base = random.between(0.15, 0.6);
    const step = random.between(0.08, Math.min(0.4, 0.87 - base));
    const at = Math.round(days * 24 - random.logBetween(2, 120));
    const lasts = random.whole(1, 8);
    const path = each(hours, (i) => base + step * Math.min(1, Math.max(0, (i - at) / lasts)));
    return {
      path: add(path, noise(world, 0.0003, 0.003), ripple(world)),
      cuts: [days * 24, days * 24 + random.whole(12, 200)],
    };
  },

  slope_stop_never(world) {
    const { random, days, hours } = world;
    const at = days * 24 - random.logBetween(6, 120);
    const top = random.between(0.5, 0.86);
    const rise = (random.between(0.3, 1) * (top - 0.05)) / days;
    const path = each(hours, (i) => (i < at ? top - (rise * (at - i)) / 24 : top));
    const early = random.chance(0.35) ? [Math.round(at - random.between(6, 72))] : [];
    return {
      path: add(path, noise(world, 0.0003, 0.003), ripple(world)),
      cuts: [days * 24, ...early, days * 24 + random.whole(24, 200)],
    };
  },

  saturating_never(world) {
    const { random, days, hours } = world;
    const plateau = random.between(0.55, 0.87);
    const start = random.between(0.05, plateau - 0.2);
    const slowness = random.between(0.15, 0.8) * days * 24;
    const path = each(hours, (i) => plateau - (plateau - start) * Math.exp(-i / slowness));
    return {
      path: below(add(path, noise(world, 0.0002, 0.003), ripple(world))),
      leastDays: Math.min(days, Math.max(4, (0.5 * slowness) / 24)),
      anyCut: true,
    };
  },

  retention_plateau_never(world) {
    const { random, days, hours } = world;
    const plateau = random.between(0.4, 0.87);
    const at = random.between(0.4, 0.9) * days * 24;
    const start = random.between(0.02, plateau * 0.5);
    const wander = remembering(world, random.between(0.001, 0.012), 0.98);
    const path = each(hours, (i) =>
      i < at ? start + ((plateau - start) * i) / at : plateau + Math.min(0.02, wander[i]!),
    );
    return {
      path: below(add(path, noise(world, 0.0002, 0.002))),
      cuts: [days * 24, Math.round(at + random.between(12, 72)), Math.round(at - random.between(12, 96))],
    };
  },

  short_history_never(world) {
    const { random, hours } = world;
    const history = random.whole(6, 48);
    const base = random.between(0.2, 0.82);
    const path = add(
      each(hours, () => base),
      noise(world, 0.0005, 0.006),
      daily(world, random.between(0, Math.min(0.05, 0.86 - base))),
    );
    return { path: below(path), cuts: [history], leastDays: 0.2 };
  },

  leak_restart_never(world) {
    const { random, days, hours } = world;
    const period = random.pick([24, 24, 48, 168]);
    const peak = random.between(0.5, 0.87);
    const base = random.between(0.1, peak - 0.15);
    const irregular = random.chance(0.4);
    let hour = random.whole(0, period - 1);
    let lasts = period;
    const path = each(hours, () => {
      hour += 1;
      if (hour >= lasts) {
        hour = 0;
        lasts = irregular ? Math.max(6, Math.round(period * random.between(0.4, 1))) : period;
      }
      return base + ((peak - base) * hour) / period;
    });
    return {
      path: below(add(path, noise(world, 0.0005, 0.006))),
      leastDays: Math.min(days, Math.ceil((1.6 * period) / 24)),
      anyCut: true,
    };
  },

  flat_noise_never(world) {
    const { random, hours } = world;
    const base = random.between(0.05, 0.86);
    const size = Math.min(random.logBetween(0.0005, 0.02), (0.885 - base) / 3.5);
    const path = add(
      each(hours, () => base),
      remembering(world, size, random.chance(0.4) ? 0 : random.between(0.5, 0.97)),
    );
    return { path: below(path).map((value) => Math.max(0.005, value)), anyCut: true };
  },

  decreasing_never(world) {
    const { random, days, hours } = world;
    const top = random.between(0.5, 0.88);
    const fall = (random.between(0.1, 1) * (top - 0.1)) / (days + FUTURE_DAYS);
    const path = each(hours, (i) => Math.max(0.03, top - (fall * i) / 24));
    return { path: below(add(path, noise(world), ripple(world))), anyCut: true };
  },
};
