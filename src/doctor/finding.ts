/** `broken` breaks the loop; a `warning` weakens it; a `note` only says how things stand. */
export type FindingKind = 'ok' | 'note' | 'warning' | 'broken';

export interface Finding {
  /** The same for the same matter in every version, for scripts. */
  readonly id: string;
  readonly kind: FindingKind;
  /** What was found, in one line. */
  readonly message: string;
  /** Why it matters; null where all is well. */
  readonly why: string | null;
  /** The lines to change, or the command to run; null where there is nothing to do. */
  readonly change: string | null;
}

export const ok = (id: string, message: string): Finding => ({ id, kind: 'ok', message, why: null, change: null });

export const note = (
  id: string,
  message: string,
  why: string | null = null,
  change: string | null = null,
): Finding => ({
  id,
  kind: 'note',
  message,
  why,
  change,
});

export const warning = (id: string, message: string, why: string, change: string): Finding => ({
  id,
  kind: 'warning',
  message,
  why,
  change,
});

export const broken = (id: string, message: string, why: string, change: string): Finding => ({
  id,
  kind: 'broken',
  message,
  why,
  change,
});

/** True while no finding breaks the loop. */
export function isClosed(findings: readonly Finding[]): boolean {
  return !findings.some(({ kind }) => kind === 'broken');
}

/** `a, b and 3 more`: a list that stays short enough for one line. */
export function some(words: readonly string[], most = 4): string {
  const shown = words.slice(0, words.length === most + 1 ? most + 1 : most);
  const rest = words.length - shown.length;
  if (rest > 0) return `${shown.join(', ')} and ${rest} more`;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
