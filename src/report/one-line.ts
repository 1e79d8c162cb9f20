/** Control characters: Unicode's Cc, line and paragraph separators, bidirectional controls. */
const CONTROL = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Control characters as `\uXXXX`: nothing that a terminal, or a reader of lines, could take for its own. */
export function escapeControls(text: string): string {
  return text.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Control characters as spaces, lone surrogates as the replacement character: for text that people read as one line. */
export function withoutControls(text: string): string {
  return text.toWellFormed().replace(CONTROL, ' ');
}
