/** Where a value stands in a JSON text: offsets of its first character and behind its last. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

export interface Member extends Place {
  readonly key: string;
  /** Offset of the key's opening quote. */
  readonly keyAt: number;
}

/**
 * The members of the object that a JSON text holds, or null where it holds something else. The text must be valid JSON
 * (`JSON.parse` has taken it): what is scanned here is only where things stand.
 */
export function membersOf(text: string): readonly Member[] | null {
  let at = skipBlank(text, text.charCodeAt(0) === 0xfeff ? 1 : 0);
  if (text[at] !== '{') return null;
  const members: Member[] = [];
  at = skipBlank(text, at + 1);
  while (text[at] === '"') {
    const keyAt = at;
    const keyEnd = endOfValue(text, at);
    const start = skipBlank(text, skipBlank(text, keyEnd) + 1);
    const end = endOfValue(text, start);
    members.push({ key: JSON.parse(text.slice(keyAt, keyEnd)) as string, keyAt, start, end });
    at = skipBlank(text, end);
    if (text[at] !== ',') break;
    at = skipBlank(text, at + 1);
  }
  return members;
}

/** The white space in front of an offset, from its line's beginning; null where something else stands on the line. */
export function indentBefore(text: string, offset: number): string | null {
  const from = text.lastIndexOf('\n', offset - 1) + 1;
  const before = text.slice(from, offset);
  return from > 0 && /^[ \t]*$/.test(before) ? before : null;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function endOfValue(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return endOfString(text, start);
  if (first !== '{' && first !== '[') return endOfScalar(text, start);
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at) - 1;
    else if (code === 0x7b || code === 0x5b) depth++;
    else if ((code === 0x7d || code === 0x5d) && --depth === 0) return at + 1;
  }
  return text.length;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return at + 1;
  }
}

function endOfScalar(text: string, start: number): number {
  let at = start;
  while (at < text.length && !',}] \t\r\n'.includes(text[at]!)) at++;
  return at;
}

function skipBlank(text: string, start: number): number {
  let at = start;
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\n' || text[at] === '\r') at++;
  return at;
}
