import { randomBytes } from 'node:crypto';

/** Crockford's base 32, lower case: sorts like the number, and is safe in file names and URLs. */
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
const LATEST = 2 ** 48 - 1;

/** `PREFIX_` and 26 characters: 48 bits of time, 80 random bits. Sorts by time; never the same twice. */
export function newId(prefix: 'exec' | 'dec', now: number): string {
  let time = Math.min(Math.max(Math.trunc(now), 0), LATEST);
  let text = '';
  for (let digit = 0; digit < 10; digit++) {
    text = DIGITS[time % 32] + text;
    time = Math.floor(time / 32);
  }
  for (const byte of randomBytes(16)) text += DIGITS[byte % 32];
  return `${prefix}_${text}`;
}
