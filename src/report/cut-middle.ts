const GAP = ' … ';

/**
 * `text` as written by `write` for each code point (identity by default), at most `most` UTF-16 units long: where it would
 * be longer its middle is left out, because the end of a message is where the reason stands. Neither a surrogate pair nor
 * what `write` made of one code point is ever cut in two. Lone surrogates become the replacement character.
 */
export function cutMiddle(
  text: string,
  most: number,
  write: (character: string, at: number) => string = (character) => character,
): string {
  const clean = text.toWellFormed();
  if (clean.length <= most) {
    const whole = written(clean, write);
    if (whole.length <= most) return whole;
  }
  const room = Math.max(0, most - GAP.length);
  const head = fromStart(clean, Math.ceil(room * 0.6), write);
  return `${head.text}${GAP}${fromEnd(clean, room - head.text.length, head.end, write)}`.slice(0, most);
}

function written(text: string, write: (character: string, at: number) => string): string {
  let result = '';
  let at = 0;
  for (const character of text) {
    result += write(character, at);
    at += character.length;
  }
  return result;
}

function fromStart(text: string, room: number, write: (character: string, at: number) => string) {
  let kept = '';
  let at = 0;
  while (at < text.length) {
    const character = String.fromCodePoint(text.codePointAt(at)!);
    const next = write(character, at);
    if (kept.length + next.length > room) break;
    kept += next;
    at += character.length;
  }
  return { text: kept, end: at };
}

function fromEnd(text: string, room: number, stop: number, write: (character: string, at: number) => string): string {
  const kept: string[] = [];
  let length = 0;
  let at = text.length;
  while (at > stop) {
    const start = at - (isPairEnd(text, at) ? 2 : 1);
    const next = write(text.slice(start, at), start);
    if (length + next.length > room) break;
    kept.push(next);
    length += next.length;
    at = start;
  }
  return kept.reverse().join('');
}

/** Whether the two units before `at` are one code point; the text is well formed, so a low surrogate always ends one. */
function isPairEnd(text: string, at: number): boolean {
  const code = text.charCodeAt(at - 1);
  return code >= 0xdc00 && code <= 0xdfff;
}
