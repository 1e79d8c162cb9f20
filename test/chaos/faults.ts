import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../scripts/forecaster/random.ts';
import type { Replica } from './replicas.ts';

/** What can befall a replica; resolves when it is over. */
const FAULTS: Readonly<Record<string, (replica: Replica, random: Random) => Promise<void>>> = {
  async killed(replica, random) {
    await replica.kill();
    await delay(random.between(0, 2_000));
    await replica.start();
  },
  /** Shorter than others wait for its heartbeat. */
  paused: (replica, random) => replica.pause(random.between(500, 4_000)),
  /** Past every time-out: others have taken over what it held when it wakes up. */
  slept: (replica, random) => replica.pause(random.between(10_500, 14_000)),
  refused: (replica, random) => replica.cut(random.between(500, 13_000), (way) => way.refuse(true)),
  'black-holed': (replica, random) => replica.cut(random.between(500, 13_000), (way) => way.hang(true)),
  /** It does not hear whether what it committed is there. */
  'cut at commits': (replica, random) =>
    replica.cut(random.between(1_000, 4_000), (way) => {
      way.rule = (chunk) => {
        if (!chunk.includes('COMMIT')) return 'pass';
        return random.pick(['pass', 'cut', 'pass-then-cut', 'pass-then-cut'] as const);
      };
    }),
};

export const KINDS: readonly string[] = Object.keys(FAULTS);

/**
 * Faults at random moments, up to as many at once as there are `lanes`, each on a replica that has no other; at least so
 * long (milliseconds), and until each kind has happened. How often each did.
 */
export async function rage(
  replicas: readonly Replica[],
  { random, duration, lanes }: { readonly random: Random; readonly duration: number; readonly lanes: number },
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map(KINDS.map((kind) => [kind, 0]));
  const until = performance.now() + duration;
  const troubled = new Set<Replica>();
  let deck: string[] = [];
  const lane = async (): Promise<void> => {
    while (performance.now() < until || [...counts.values()].includes(0)) {
      await delay(random.between(100, 1_500));
      if (deck.length === 0) deck = shuffled(KINDS, random);
      const kind = deck.pop()!;
      const replica = await victim(replicas, troubled, random);
      troubled.add(replica);
      await FAULTS[kind]!(replica, random);
      troubled.delete(replica);
      counts.set(kind, counts.get(kind)! + 1);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return counts;
}

/** As a rule one that runs something, if there soon is one: there most can go wrong. */
async function victim(replicas: readonly Replica[], troubled: ReadonlySet<Replica>, random: Random): Promise<Replica> {
  const isAny = random.chance(0.25);
  const choice = random.share();
  const until = performance.now() + 2_000;
  for (;;) {
    const free = replicas.filter((replica) => !troubled.has(replica));
    const wanted = free.filter((replica) => isAny || replica.isBusy());
    const from = wanted.length === 0 && performance.now() > until ? free : wanted;
    if (from.length > 0) return from[Math.floor(choice * from.length)]!;
    await delay(50);
  }
}

function shuffled<T>(values: readonly T[], random: Random): T[] {
  return values
    .map((value) => ({ value, place: random.share() }))
    .sort((a, b) => a.place - b.place)
    .map(({ value }) => value);
}
