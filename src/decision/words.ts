/** A length of time in words people use: `45 s`, `12 min`, `3 h 12 min`, `2 d 4 h`. Milliseconds in; below 0 counts as 0. */
export function inWords(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return 'an unknown time';
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/** How long a sentence that another room wrote may be. */
export const SENTENCE = 500;

/** The furthest instant from 1970 that has a date. */
const LAST_INSTANT = 8.64e15;

/** True for an instant that can be written as a date. */
export function isInstant(instant: number): boolean {
  return Number.isFinite(instant) && Math.abs(instant) <= LAST_INSTANT;
}

/** An instant for people and machines alike: UTC, to the second. */
export function atTime(instant: number): string {
  return isInstant(instant) ? `${new Date(instant).toISOString().slice(0, -'.000Z'.length)}Z` : 'an impossible time';
}

/** How long ago something was; a record from a clock that was ahead of ours is told as such, with its date. */
export function since(then: number, now: number): string {
  return then - now >= 1000 ? `at ${atTime(then)}, which is in the future` : `${inWords(now - then)} ago`;
}

/**
 * A number without noise: at most four decimals; all of its digits where that would make it read like `against`, the other
 * side of a comparison.
 */
export function num(value: number, against = value): string {
  const short = rounded(value);
  return short === rounded(against) && value !== against ? String(value) : short;
}

function rounded(value: number): string {
  return Math.abs(value) < 1e12 ? String(Math.round(value * 10_000) / 10_000) : String(value);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `1.5 GiB`. */
export function bytesInWords(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Math.round(value * 10) / 10} ${UNITS[unit]}`;
}

const PRINTABLE = /^[ -~]*$/;

/** Foreign text in or as a sentence: on one line, control characters written as escapes, cut to `longest` characters. */
export function shown(text: string, longest = 120): string {
  if (text.length <= longest && PRINTABLE.test(text)) return text;
  const characters = Array.from(text.slice(0, 2 * longest + 2));
  const cut = characters.length > longest ? `${characters.slice(0, longest).join('')}…` : characters.join('');
  return cut.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (c) => `\\u${c.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  );
}
