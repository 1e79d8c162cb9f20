/**
 * The glob of `resource_filter` and `exclude`: `*` is any run of characters, `/` among them, `?` is one character (a
 * code point); nothing else is special, the whole value has to match, case counts.
 *
 * Matching is iterative with one backtracking point, so its cost is at most pattern × value: no input makes it hang.
 */
export function globMatches(pattern: string, value: string): boolean {
  if (pattern === '*' || pattern === value) return true;
  const fixed = fixedStart(pattern);
  if (!value.startsWith(pattern.slice(0, fixed)) || (fixed === pattern.length && fixed !== value.length)) return false;
  const p = Array.from(pattern);
  const v = Array.from(value);
  let pi = 0;
  let vi = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (vi < v.length) {
    if (p[pi] === '*') {
      starAt = pi++;
      resumeAt = vi;
    } else if (pi < p.length && (p[pi] === '?' || p[pi] === v[vi])) {
      pi++;
      vi++;
    } else if (starAt >= 0) {
      pi = starAt + 1;
      vi = ++resumeAt;
    } else {
      return false;
    }
  }
  while (p[pi] === '*') pi++;
  return pi === p.length;
}

/** How much of the pattern stands for itself only, from its start: what a value can be told apart by at once. */
function fixedStart(pattern: string): number {
  for (let at = 0; at < pattern.length; at++) if (pattern[at] === '*' || pattern[at] === '?') return at;
  return pattern.length;
}

/** The same glob as an RE2 pattern, for a PromQL matcher (which anchors it at both ends by itself). */
export function globToRe2(pattern: string): string {
  return Array.from(pattern, (c) => {
    if (c === '*') return '(?s:.*)';
    if (c === '?') return '(?s:.)';
    return /[\\.+*?()|[\]{}^$]/.test(c) ? `\\${c}` : c;
  }).join('');
}

export function isGlob(pattern: string): boolean {
  return /[*?]/.test(pattern);
}
