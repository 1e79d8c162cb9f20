const UNITS = [
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/**
 * A Prometheus duration in milliseconds: `90s`, `26h`, `1h30m`, `0`; null for any other text. The units stand in falling
 * order, each at most once, with whole numbers; `y` is 365 days. What exceeds 100 years is null too.
 */
export function parseDuration(text: string): number | null {
  if (text === '0') return 0;
  if (text === '' || text.length > 64) return null;
  const parts = DURATION.exec(text);
  if (parts === null) return null;
  const total = UNITS.reduce((sum, [, length], at) => sum + Number(parts[at + 1] ?? 0) * length, 0);
  return total <= 100 * UNITS[0][1] ? total : null;
}

/** The shortest Prometheus duration of whole, not negative milliseconds, from days down: `1d2h`, `90s` is `1m30s`. */
export function formatDuration(milliseconds: number): string {
  let rest = milliseconds;
  let text = '';
  for (const [unit, length] of UNITS.slice(2)) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === '' ? '0s' : text;
}
