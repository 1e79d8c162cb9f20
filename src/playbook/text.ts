/** Unicode's Cc, line and paragraph separators, and bidirectional controls: what never reaches a playbook, a log line or a message. */
export const CONTROL = /[\p{Cc}\u2028\u2029\p{Bidi_Control}]/u;

const EVERY_CONTROL = new RegExp(CONTROL.source, 'gu');

/** A value from outside for a message: in quotes, control characters as `\u{…}`, cut to 80 code points. */
export function quoted(value: string): string {
  const points = Array.from(value.slice(0, 400));
  const text = points.length > 80 || value.length > 400 ? `${points.slice(0, 80).join('')}…` : value;
  return `"${text.replace(EVERY_CONTROL, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`)}"`;
}

/** Text from a program on one line: control characters and runs of blanks become one blank, cut to `max` code points. */
export function oneLine(text: string, max = 200): string {
  const line = text.replace(EVERY_CONTROL, ' ').replace(/ {2,}/g, ' ').trim();
  const points = Array.from(line);
  return points.length > max ? `${points.slice(0, max - 1).join('')}…` : line;
}

/** A duration as the configuration writes it: `90s`, `10m`, `1h30m`; milliseconds in. */
export function durationText(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)}ms`;
  const seconds = Math.round(milliseconds / 1000);
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'm'],
    [seconds % 60, 's'],
  ] as const;
  return parts
    .filter(([n]) => n > 0)
    .map(([n, unit]) => `${n}${unit}`)
    .join('');
}
