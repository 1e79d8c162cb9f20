import { found, isObject, type Problem, step } from './problem.ts';

const MAX_LABELS = 256;
/** Bytes of UTF-8, of a label's name and of its value. */
const MAX_LABEL_BYTES = 65_536;

type Texts = Readonly<Record<string, string>>;

/** Labels: own keys only, into an object without a prototype, so that no name can be more than a name. */
export function readLabels(value: unknown, path: string): Texts | Problem[] {
  if (!isObject(value)) return [{ path, message: `expected an object, found ${found(value)}` }];
  const names = Object.keys(value);
  if (names.length > MAX_LABELS) {
    return [{ path, message: `${names.length} labels are more than the ${MAX_LABELS} that are read` }];
  }
  return copy(value, names, path, true);
}

/** Annotations: like labels, of any size; null or left out stands for none. */
export function readAnnotations(value: unknown, path: string): Texts | Problem[] {
  if (value === undefined || value === null) return Object.create(null) as Texts;
  if (!isObject(value)) return [{ path, message: `expected an object, found ${found(value)}` }];
  return copy(value, Object.keys(value), path, false);
}

function copy(from: object, names: readonly string[], path: string, bounded: boolean): Texts | Problem[] {
  const texts = Object.create(null) as Record<string, string>;
  for (const name of names) {
    const value = (from as Record<string, unknown>)[name];
    if (typeof value !== 'string') {
      return [{ path: path + step(name), message: `expected a string, found ${found(value)}` }];
    }
    if (!name.isWellFormed() || !value.isWellFormed()) {
      return [{ path: path + step(name.toWellFormed()), message: 'holds half a character (a lone surrogate)' }];
    }
    if (bounded && (isOver(name) || isOver(value))) {
      return [{ path: path + step(name), message: `is longer than the ${MAX_LABEL_BYTES} bytes that are read` }];
    }
    texts[name] = value;
  }
  return texts;
}

const encoder = new TextEncoder();

function isOver(text: string): boolean {
  if (text.length * 3 <= MAX_LABEL_BYTES) return false;
  return text.length > MAX_LABEL_BYTES || encoder.encode(text).length > MAX_LABEL_BYTES;
}
