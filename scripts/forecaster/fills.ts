import { add, daily, dayOfWeek, drawDays, each, type MakeClass, noise, ripple, steady, THRESHOLD } from './paths.ts';

/** Series that cross the threshold, but for those whose end is left to chance. */
export const FILLS: Readonly<Record<string, MakeClass>> = {
  linear_fill(world) {
    const { rise, start } = steady(world, drawDays(world));
    return {
      path: add(
        each(world.hours, (i) => start + (rise * i) / 24),
        noise(world),
        ripple(world),
      ),
    };
  },

  bursty_fill(world) {
    const { random, hours } = world;
    const { rise, start } = steady(world, drawDays(world));
    const gap = random.between(4, 36);
    let level = start;
    let next = random.exponential(gap);
    const bursts = each(hours, (i) => {
      while (i >= next) {
        level += (rise / 24) * gap * random.exponential(1);
        next += random.exponential(gap);
      }
      return level;
    });
    return { path: add(bursts, noise(world, 0.0002, 0.002)) };
  },

  onset_fill(world) {
    const { random, days, hours } = world;
    const until = random.between(0.5, 12);
    const age = random.logBetween(5, 96);
    const base = random.between(0.2, 0.7);
    const onset = days * 24 - age;
    const rise = (THRESHOLD - base) / (until + age / 24);
    const path = each(hours, (i) => base + (i > onset ? (rise * (i - onset)) / 24 : 0));
    const early = random.chance(0.35) ? [Math.round(onset - random.between(3, 72))] : [];
    return { path: add(path, noise(world, 0.0003, 0.003), ripple(world)), cuts: [days * 24, ...early] };
  },

  daily_cycle_fill(world) {
    const { random, hours } = world;
    const { rise, start } = steady(world, drawDays(world));
    const size = random.between(0.01, 0.07);
    const line = each(hours, (i) => start - size * 0.7 + (rise * i) / 24);
    return { path: add(line, daily(world, size), noise(world)) };
  },

  weekly_staircase_fill(world) {
    const { random, hours, hourOfDay } = world;
    const { rise, start } = steady(world, drawDays(world));
    const opens = random.whole(7, 10);
    const closes = random.whole(16, 20);
    const factor = ((7 / 5) * 24) / (closes - opens);
    let level = start;
    const stairs = each(hours, (i) => {
      const hour = (i + hourOfDay) % 24;
      if (dayOfWeek(world, i) < 5 && hour >= opens && hour < closes) {
        level += (rise / 24) * factor * (0.6 + 0.8 * random.share());
      }
      return level;
    });
    return { path: add(stairs, noise(world, 0.0002, 0.002)) };
  },

  backup_spike_fill(world) {
    const { random, hours, hourOfDay } = world;
    const { rise, start } = steady(world, drawDays(world));
    const height = random.between(0.04, 0.2);
    const length = random.whole(1, 2);
    const at = random.whole(0, 5);
    const path = each(hours, (i) => {
      const spike = (i + hourOfDay - at + 240) % 24 < length ? height * (0.8 + 0.2 * random.share()) : 0;
      return start + (rise * i) / 24 + spike;
    });
    return { path: add(path, noise(world, 0.0003, 0.003)) };
  },

  sawtooth_drift_fill(world) {
    const { random, hours } = world;
    const until = drawDays(world) * 0.6;
    const period = random.pick([24, 48, 72, 168]);
    const height = random.between(0.04, 0.25);
    const { rise, start } = steady(world, until + period / 48);
    const offset = random.whole(0, period - 1);
    const path = each(hours, (i) => start + (rise * i) / 24 - height * (1 - ((i + offset) % period) / period));
    return { path: add(path, noise(world, 0.0002, 0.003)) };
  },

  oneoff_cleanup_fill(world) {
    const { random, days, hours } = world;
    const until = drawDays(world);
    const age = random.logBetween(6, 150);
    const at = Math.round(days * 24 - age);
    const span = until + age / 24;
    const rise = random.between(0.12, 0.6) / span;
    const drop = random.between(0.35, 1) * (0.88 - (THRESHOLD - rise * span));
    const start = THRESHOLD - rise * (until + days);
    const path = each(hours, (i) => Math.max(0.02, start + (rise * i) / 24 + (i < at ? drop : 0)));
    return {
      path: add(path, noise(world, 0.0002, 0.003), ripple(world)),
      cuts: [days * 24, Math.max(72, Math.round(at - random.between(12, 96)))],
    };
  },

  rate_change_fill(world) {
    const { random, days, hours } = world;
    const until = random.between(0.6, 13);
    const factor = random.between(2, 8);
    const age = random.logBetween(8, 120);
    const after = (random.between(0.1, 1) * 0.8) / (until + age / 24 + days / factor);
    const before = after / factor;
    const at = days * 24 - age;
    const level = THRESHOLD - after * (until + age / 24);
    const path = each(hours, (i) => (i < at ? level - (before * (at - i)) / 24 : level + (after * (i - at)) / 24));
    const early = random.chance(0.35) ? [Math.round(at - random.between(6, 72))] : [];
    return { path: add(path, noise(world, 0.0003, 0.003), ripple(world)), cuts: [days * 24, ...early] };
  },

  saturating_cross(world) {
    const { random, days, hours } = world;
    const plateau = random.between(0.93, 1.15);
    const until = random.between(1, 13);
    const slowness = random.between(0.3, 1.2) * days * 24;
    const crossing = (days + until) * 24;
    const path = each(hours, (i) => plateau - (plateau - THRESHOLD) * Math.exp(-(i - crossing) / slowness));
    return { path: add(path, noise(world, 0.0002, 0.002)).map((value) => Math.max(0.01, value)) };
  },

  accelerating_leak(world) {
    const { random, days, hours } = world;
    const crossing = (days + random.between(0.6, 13)) * 24;
    const power = random.between(1.6, 3.2);
    const start = random.between(0.1, 0.5);
    const path = each(hours, (i) => start + (THRESHOLD - start) * (i / crossing) ** power);
    return { path: add(path, noise(world, 0.0003, 0.003), ripple(world)) };
  },

  short_history_fill(world) {
    const { random, hours } = world;
    const history = random.whole(6, 48);
    const until = random.between(0.4, 12);
    const rise = (random.between(0.2, 1) * 0.8) / (until + history / 24);
    const crossing = history + until * 24;
    const path = each(hours, (i) => THRESHOLD - (rise * (crossing - i)) / 24);
    return { path: add(path, noise(world, 0.0003, 0.003)), cuts: [history], leastDays: 0.2 };
  },

  gaps_fill(world) {
    const { random, days, hours } = world;
    const { rise, start } = steady(world, drawDays(world));
    const path = add(
      each(hours, (i) => start + (rise * i) / 24),
      noise(world),
      ripple(world),
    );
    const share = random.between(0.05, 0.6);
    const missing = Uint8Array.from(path, () => (random.chance(share) ? 1 : 0));
    for (let holes = random.whole(1, 3); holes > 0; holes -= 1) {
      const from = random.whole(0, days * 24);
      missing.fill(1, from, from + random.whole(12, 72));
    }
    missing.fill(0, days * 24 - 2, days * 24 + 1);
    return { path, missing };
  },

  stale_tail_fill(world) {
    const { random, days, hours } = world;
    const { rise, start } = steady(world, drawDays(world));
    const path = add(
      each(hours, (i) => start + (rise * i) / 24),
      noise(world),
      ripple(world),
    );
    const missing = new Uint8Array(hours);
    missing.fill(1, days * 24 - random.whole(8, 60), days * 24 + 1);
    return { path, missing, cuts: [days * 24] };
  },

  leak_last_restart_cross(world) {
    const { random, days, hours } = world;
    const until = random.between(0.5, 8);
    const wanted = random.between(0.04, 0.4);
    const age = random.between(8, 60);
    const span = until + age / 24;
    const base = Math.max(0.05, THRESHOLD - wanted * span);
    const rise = (THRESHOLD - base) / span;
    const at = Math.round(days * 24 - age);
    const period = Math.round(random.between(0.3, 0.9) * (until * 24 + age));
    const path = each(hours, (i) => {
      if (i >= at) return base + (rise * (i - at)) / 24;
      const left = (at - i) % period;
      return base + (rise * (left === 0 ? 0 : period - left)) / 24;
    });
    return { path: add(path, noise(world, 0.0005, 0.004)), cuts: [days * 24] };
  },

  resize_fill(world) {
    const { random, days, hours } = world;
    const until = drawDays(world);
    const age = random.logBetween(6, 200);
    const shrunk = random.between(0.4, 0.8);
    const { rise, start } = steady(world, until);
    const at = Math.round(days * 24 - age);
    const factor = Math.min(1 / shrunk, 0.89 / (start + (rise * at) / 24));
    const path = each(hours, (i) => (start + (rise * i) / 24) * (i < at ? factor : 1));
    return { path: add(path, noise(world, 0.0003, 0.003)), cuts: [days * 24] };
  },
};
