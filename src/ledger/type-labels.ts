/** How many prediction types counters keep apart: the name comes from the wire and must not multiply series. */
export const MOST_TYPES = 100;
export const OTHER_TYPE = 'other';
/** Of what names no prediction. */
export const NO_TYPE = '';

const LONGEST = 128;

export function tooLongForALabel(type: string): boolean {
  return type.length > LONGEST;
}

/** The label under which a type is counted, given those that have their own; null: it gets its own when it is written. */
export function knownLabel(type: string, known: ReadonlySet<string>): string | null {
  if (type === NO_TYPE || type === OTHER_TYPE || known.has(type)) return type;
  return known.size >= MOST_TYPES || tooLongForALabel(type) ? OTHER_TYPE : null;
}
