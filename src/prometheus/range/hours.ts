const HOUR = 3600;

/** The samples of one series, in little memory. */
export interface CompactSeries {
  /** Seconds since 1970. */
  readonly times: Uint32Array;
  readonly values: Float64Array;
  /** Samples that are no finite numbers; left out. */
  readonly dropped: number;
}

/**
 * Reads the samples of an answer, oldest first. Of several samples within an hour, counted back from `now`, their median
 * stays, at the time of the newest: a forecast looks no closer.
 */
export function compact(samples: readonly (readonly [number, string])[], now: number): CompactSeries {
  const times: number[] = [];
  const values: number[] = [];
  let group: number[] = [];
  let newest = 0;
  let hour = Number.NaN;
  let dropped = 0;
  const endHour = () => {
    if (group.length === 0) return;
    times.push(newest);
    values.push(middleOf(group));
    group = [];
  };
  for (const [time, text] of samples) {
    const value = text === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(value)) {
      dropped += 1;
      continue;
    }
    const back = Math.floor((now - time) / HOUR);
    if (back !== hour) endHour();
    hour = back;
    newest = time;
    group.push(value);
  }
  endHour();
  return { times: Uint32Array.from(times), values: Float64Array.from(values), dropped };
}

function middleOf(group: readonly number[]): number {
  if (group.length === 1) return group[0]!;
  const sorted = group.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
