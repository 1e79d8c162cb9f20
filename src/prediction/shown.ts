/** A foreign value in a message: short, on one line, nothing in it that a terminal or a log could take for its own. */
export function shown(value: unknown, max = 60): string {
  switch (typeof value) {
    case 'undefined':
      return 'missing';
    case 'string': {
      const cut = value.length > max ? `${value.slice(0, max)}…` : value;
      return JSON.stringify(cut).replace(
        /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
        (c) => `\\u{${c.codePointAt(0)?.toString(16)}}`,
      );
    }
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? 'an array' : 'an object';
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value);
    default:
      return `a ${typeof value}`;
  }
}
