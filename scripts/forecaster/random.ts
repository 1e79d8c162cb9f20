/** A source of random numbers that a seed determines. */
export interface Random {
  /** Even, 0 up to 1, 1 left out. */
  readonly share: () => number;
  readonly between: (low: number, high: number) => number;
  /** Even on the logarithm. */
  readonly logBetween: (low: number, high: number) => number;
  /** A whole number, both ends included. */
  readonly whole: (low: number, high: number) => number;
  readonly pick: <T>(choices: readonly T[]) => T;
  readonly chance: (probability?: number) => boolean;
  /** Of the standard normal distribution. */
  readonly normal: () => number;
  readonly exponential: (mean: number) => number;
}

/** sfc32, seeded from a text. */
export function createRandom(seed: string): Random {
  let state = hash(seed);
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  let [a, b, c, d] = [next(), next(), next(), next()];
  const bits = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 15; i += 1) bits();
  const share = (): number => bits() / 4294967296;
  const between = (low: number, high: number): number => low + (high - low) * share();
  return {
    share,
    between,
    logBetween: (low, high) => Math.exp(between(Math.log(low), Math.log(high))),
    whole: (low, high) => low + Math.floor(share() * (high - low + 1)),
    pick: (choices) => choices[Math.floor(share() * choices.length)]!,
    chance: (probability = 0.5) => share() < probability,
    normal: () => {
      let u = 0;
      while (u === 0) u = share();
      return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * share());
    },
    exponential: (mean) => -mean * Math.log(1 - share()),
  };
}

function hash(text: string): number {
  let h = 2166136261;
  for (const character of text) {
    h ^= character.charCodeAt(0);
    h = Math.imul(h, 16777619);
  }
  return h >>> 0;
}
