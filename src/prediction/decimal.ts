/**
 * The number that a plain decimal text writes, as Go and people print it: `6`, `8.25`, `-1`, `8.2e+00`. Null for anything
 * else (`""`, ` 6`, `0x10`, `93%`, `1_000`, `NaN`, `+Inf`) and for what no double can hold (`1e400`).
 */
export function plainDecimal(text: string): number | null {
  if (text.length > 64 || !/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}
