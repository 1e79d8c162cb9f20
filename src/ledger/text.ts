/**
 * PostgreSQL's text holds every character but NUL, which names and labels from outside may hold, and many texts go to it
 * with a separator between them. Such characters are kept as U+0001 and a digit, so that what is read back is what was
 * written, and equal stays equal.
 */
const SEPARATOR = '\u001f';
const NULL = '\u001e';
const MARKED = ['\0', '\u0001', NULL, SEPARATOR];

const TO_MARK = /[\0\u0001\u001e\u001f]/;
const TO_MARK_ALL = new RegExp(TO_MARK, 'g');
const MARKS = /\u0001([0-3])/g;

export function toStored(text: string): string {
  return TO_MARK.test(text) ? text.replace(TO_MARK_ALL, (character) => `\u0001${MARKED.indexOf(character)}`) : text;
}

export function fromStored(text: string): string {
  return text.includes('\u0001') ? text.replace(MARKS, (_mark, which: string) => MARKED[Number(which)]!) : text;
}

/** Texts as one, which `split` makes an array of again; at least two. An array itself would have every quote escaped. */
export function joined(texts: readonly (string | null)[]): string {
  return texts.map((text) => (text === null ? NULL : toStored(text))).join(SEPARATOR);
}

export const split = (text: string): string => `string_to_array(${text}, E'\\x1f', E'\\x1e')`;
