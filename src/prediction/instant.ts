const ISO =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?([Zz]|([+-])(\d{2}):?(\d{2})?)?$/;

/**
 * The instant that an ISO 8601 date and time names, epoch milliseconds; without a zone it is local time. Finer fractions
 * than milliseconds are cut off. Null for anything else: a date alone, a day or hour that does not exist, a leap second.
 */
export function isoInstant(text: string): number | null {
  const match = text.length <= 64 ? ISO.exec(text) : null;
  if (match === null) return null;
  const [year, month, day, hour, minute] = [1, 2, 3, 4, 5].map((i) => Number(match[i])) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const second = Number(match[6] ?? 0);
  const millisecond = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  if (hour > 23 || minute > 59 || second > 59) return null;

  const utc = Date.UTC(year, month - 1, day, hour, minute, second, millisecond);
  const date = new Date(utc);
  const exists = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!exists) return null;

  if (match[8] === undefined) return new Date(year, month - 1, day, hour, minute, second, millisecond).getTime();
  if (match[9] === undefined) return utc;
  const [offsetHours, offsetMinutes] = [Number(match[10]), Number(match[11] ?? 0)];
  if (offsetHours > 23 || offsetMinutes > 59) return null;
  const offset = (offsetHours * 60 + offsetMinutes) * 60_000;
  return match[9] === '+' ? utc - offset : utc + offset;
}
