const TOKEN = /"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|`[^`]*`|#[^\n]*|\s+|[\w:.]+|[\s\S]/g;

/** A PromQL expression without what only looks different: white space, line breaks and comments. */
export function normalised(expr: string): string {
  return (expr.match(TOKEN) ?? []).filter((token) => !/^(?:\s|#)/.test(token)).join(' ');
}
