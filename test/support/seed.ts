/**
 * What decides what comes in tests that choose at random: `FORESTALL_SEED`, a whole number below 2^31. Without it always the
 * same; `npm run test:soak` gives another one each time.
 */
export function seedFrom(text: string | undefined): number {
  if (text === undefined || text === '') return 20_261_123;
  const seed = Number(text);
  if (!/^\d+$/.test(text) || seed >= 2 ** 31) {
    throw new Error(`FORESTALL_SEED is "${text}": expected a whole number from 0 to ${2 ** 31 - 1}`);
  }
  return seed;
}

export const SEED = seedFrom(process.env['FORESTALL_SEED']);
