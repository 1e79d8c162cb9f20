export type IssuePath = readonly (string | number)[];

/** Something wrong at one place of a document, whatever file and line the place turns out to be. */
export interface Issue {
  readonly path: IssuePath;
  /** `key`: the name itself is wrong; `value`: what stands behind it, or that it is missing. */
  readonly on: 'key' | 'value';
  /** What was found, what is expected and what to do. */
  readonly message: string;
}

/** A path as people write it: `mappings[0].action.playbook`; names that would read wrongly are quoted. */
export function pathText(path: IssuePath): string {
  return path
    .map((part, at) => {
      if (typeof part === 'number') return `[${part}]`;
      if (!/^[\w-]+$/.test(part)) return `[${JSON.stringify(part)}]`;
      return at === 0 ? part : `.${part}`;
    })
    .join('');
}

/** The value at a path, own keys only; undefined where there is none. */
export function valueAt(value: unknown, path: IssuePath): unknown {
  let here = value;
  for (const part of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, part)) return undefined;
    here = (here as Record<string | number, unknown>)[part];
  }
  return here;
}

/** Passwords in URLs are not repeated in messages. */
function withoutPasswords(text: string): string {
  return text.replace(/\/\/[^/\s]*@/g, '//[secret]@');
}

/** What was found, short enough for one line. With `secret` only its kind is told. */
export function found(value: unknown, secret = false): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a map';
  if (secret) return `a ${typeof value}`;
  if (typeof value !== 'string') return String(value);
  const text = withoutPasswords(value);
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}

/** Words joined for an error message: `a, b or c`. */
export function orList(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
