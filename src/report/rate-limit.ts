const SHORTEST = 1000;
/** Discord's own longest pauses are minutes; what asks for more is garbage, or not Discord. */
export const LONGEST_WAIT = 3_600_000;
/** Where neither the body nor a header says anything usable. */
const UNTOLD = 5000;

/**
 * How long a 429 asks to wait, milliseconds between one second and one hour: the longer one of `retry_after` (seconds, a
 * fraction) in a JSON body and the `Retry-After` header (seconds). A proxy's HTML body has no say.
 */
export function waitOf(headers: Headers, body: string): number {
  const asked = [inBody(body), seconds(headers.get('retry-after')), seconds(headers.get('x-ratelimit-reset-after'))];
  const usable = asked.filter((wait) => wait !== null);
  const wait = usable.length === 0 ? UNTOLD : Math.max(...usable);
  return Math.min(LONGEST_WAIT, Math.max(SHORTEST, Math.ceil(wait)));
}

function inBody(body: string): number | null {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== 'object' || parsed === null || !Object.hasOwn(parsed, 'retry_after')) return null;
    return seconds((parsed as { readonly retry_after: unknown }).retry_after);
  } catch {
    return null;
  }
}

/** Plain decimal seconds as milliseconds; null for anything else, negative ones too. */
function seconds(value: unknown): number | null {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || !/^\d{1,15}(?:\.\d{1,15})?$/.test(text.trim())) return null;
  return Number(text) * 1000;
}
