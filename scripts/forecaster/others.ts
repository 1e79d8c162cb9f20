import { add, drawDays, each, type MakeClass, noise, type Path, remembering, steady, type World } from './paths.ts';

/** Series whose end is left to chance, and those that an exporter garbles. */
export const OTHERS: Readonly<Record<string, MakeClass>> = {
  ou_memory(world) {
    const { random, hours } = world;
    const centre = random.between(0.35, 0.8);
    const size = random.between(0.01, 0.08);
    const memory = Math.exp(-1 / random.between(12, 120));
    const path = add(
      each(hours, () => centre),
      remembering(world, size, memory),
    );
    return { path: path.map((value) => Math.min(0.99, Math.max(0.02, value))), anyCut: true };
  },

  random_walk(world) {
    const { random, hours } = world;
    const step = random.logBetween(0.0008, 0.01);
    let level = random.between(0.5, 0.8);
    const path = each(hours, () => {
      level = Math.min(0.985, Math.max(0.05, level + step * random.normal()));
      return level;
    });
    return { path, anyCut: true };
  },

  glitch_never(world) {
    const base = world.random.between(0.3, 0.85);
    const path = add(
      each(world.hours, () => base),
      noise(world, 0.0003, 0.003),
    ).map((value) => Math.min(0.89, value));
    return { path, seen: garbled(world, path), anyCut: true };
  },

  glitch_fill(world) {
    const { rise, start } = steady(world, drawDays(world));
    const path = add(
      each(world.hours, (i) => start + (rise * i) / 24),
      noise(world, 0.0003, 0.003),
    );
    return { path, seen: garbled(world, path) };
  },
};

function garbled({ random, days, hours }: World, path: Path): Path {
  const seen = path.slice();
  for (let left = random.whole(2, 12); left > 0; left -= 1)
    seen[random.whole(0, hours - 1)] = random.chance(0.7) ? 0 : 1;
  for (let left = random.whole(1, 3); left > 0; left -= 1) {
    seen[random.whole(days * 24 - 30, days * 24 - 2)] = random.chance(0.6) ? 0 : 1;
  }
  return seen;
}
