const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const SECOND = 1000;
const DAY = 86_400 * SECOND;
const UNITS = [365 * DAY, 7 * DAY, DAY, 3600 * SECOND, 60 * SECOND, SECOND, 1] as const;

/** A Prometheus duration (`90s`, `1h30m`) in milliseconds; null for any other text. */
export function readDuration(text: string): number | null {
  const match = text === '' || text.length > 40 ? null : DURATION.exec(text);
  if (match === null) return null;
  const total = UNITS.reduce((sum, unit, at) => sum + Number(match[at + 1] ?? 0) * unit, 0);
  return Number.isSafeInteger(total) ? total : null;
}
