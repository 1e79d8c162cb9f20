import type { AlertMatch, Mapping } from './mapping.ts';

/** `*?*` and `?*` are the same glob; with the `?` in front and one `*`, equal globs look equal more often. */
function normal(pattern: string): string[] {
  return Array.from(pattern.replace(/[*?]*\*[*?]*/g, (run) => `${run.replaceAll('*', '')}*`));
}

/**
 * True when every value that `inner` matches is matched by `outer`. Sound, not complete: false may also mean that it
 * could not be told.
 */
function covers(outer: string, inner: string): boolean {
  const o = normal(outer);
  const i = normal(inner);
  let oi = 0;
  let ii = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (ii < i.length) {
    if (o[oi] === '*') {
      starAt = oi++;
      resumeAt = ii;
    } else if (oi < o.length && i[ii] !== '*' && (o[oi] === '?' || o[oi] === i[ii])) {
      oi++;
      ii++;
    } else if (starAt >= 0) {
      oi = starAt + 1;
      ii = ++resumeAt;
    } else {
      return false;
    }
  }
  while (o[oi] === '*') oi++;
  return oi === o.length;
}

/** The earlier mapping that catches everything this one would match; null where there is none. */
export function shadowedBy(mapping: Mapping, mappings: readonly Mapping[]): Mapping | null {
  for (const earlier of mappings.slice(0, mappings.indexOf(mapping))) {
    if (earlier.prediction_type !== mapping.prediction_type) continue;
    if (earlier.alert === null && mapping.alert === null) {
      if (covers(earlier.resource_filter, mapping.resource_filter)) return earlier;
    } else if (earlier.alert !== null && mapping.alert !== null && coversAlerts(earlier.alert, mapping.alert)) {
      return earlier;
    }
  }
  return null;
}

/** Of the same name: every label that the outer one asks for is asked for by the inner one, no less strictly. */
function coversAlerts(outer: AlertMatch, inner: AlertMatch): boolean {
  return Object.entries(outer.labels).every(([name, pattern]) => {
    const asked = Object.hasOwn(inner.labels, name) ? inner.labels[name] : undefined;
    return asked !== undefined && covers(pattern, asked);
  });
}
