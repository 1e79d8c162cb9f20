import { readFileSync, statSync } from 'node:fs';
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import { found, type Issue, type IssuePath, pathText } from '../mapping/issue.ts';
import type { Problem } from './problem.ts';

const MAX_BYTES = 1_048_576;
const MAX_DEPTH = 32;

/** A YAML or JSON file (JSON is YAML) that knows where its values stand. */
interface ConfigDocument {
  /** Maps without prototype, lists, strings, numbers, booleans and null. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** The text is not YAML: the value is a guess, and what else is wrong with it follows from that. */
  readonly broken: boolean;
  /** The issue at its line; one about a missing value is at the map that lacks it. */
  problemAt(issue: Issue): Problem;
}

/** Reads a file of at most 1 MiB; one problem where there is no document at all. `shownAs` is its name in messages. */
export function readDocument(file: string, shownAs: string): ConfigDocument | { readonly problem: Problem } {
  const unread = (message: string) => ({ problem: { file: shownAs, line: null, column: null, path: '', message } });
  let text: string;
  try {
    const stat = statSync(file);
    if (!stat.isFile()) return unread('cannot be read: it is not a file');
    if (stat.size > MAX_BYTES) return unread(`is ${stat.size} bytes long, expected at most ${MAX_BYTES}`);
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    return unread(`cannot be read: ${readError(error)}`);
  }
  try {
    return parse(text, shownAs);
  } catch (error) {
    const reason = error instanceof RangeError ? 'it is nested too deeply' : String(error);
    return unread(`cannot be read as YAML or JSON: ${reason}`);
  }
}

/** Why a file could not be read, in words. */
export function readError(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not read it';
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'it is not UTF-8 text';
  return error instanceof Error ? error.message : String(error);
}

function parse(text: string, file: string): ConfigDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, version: '1.2' });
  const problems: Problem[] = [];
  const problem = (offset: number, path: IssuePath, message: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col, path: pathText(path), message };
  };
  for (const { code, message, pos } of [...document.errors, ...document.warnings].slice(0, 20)) {
    const what =
      code === 'MULTIPLE_DOCS' ? 'found a second document, expected one: remove everything from this --- on' : message;
    problems.push(problem(pos[0], [], `cannot be read as YAML or JSON: ${what}`));
  }
  if (document.directives?.yaml.explicit === true && document.directives.yaml.version !== '1.2') {
    problems.push(problem(0, [], `found YAML ${document.directives.yaml.version}, expected 1.2: remove the directive`));
  }
  const root = document.contents;
  const value = toValue(root, [], (node, path, message) => {
    problems.push(problem(node.range?.[0] ?? 0, path, message));
  });
  return {
    value,
    problems,
    broken: document.errors.length > 0,
    problemAt: (issue) => problem(offsetOf(root, issue), issue.path, issue.message),
  };
}

type Refuse = (node: Node, path: IssuePath, message: string) => void;

function toValue(node: unknown, path: IssuePath, refuse: Refuse): unknown {
  if (isAlias(node)) {
    refuse(node, path, `found the alias *${node.source}, expected the value itself: aliases are not supported`);
    return null;
  }
  if (isScalar(node)) {
    if (typeof node.value !== 'string' || (node.value.isWellFormed() && !node.value.includes('\0'))) return node.value;
    refuse(node, path, 'found a text with NUL or half a surrogate pair, expected text: remove it');
    return null;
  }
  if (!isMap(node) && !isSeq(node)) return null;
  if (path.length >= MAX_DEPTH) {
    refuse(node, path, `is nested more than ${MAX_DEPTH} levels deep`);
    return null;
  }
  if (isSeq(node)) return node.items.map((item, at) => toValue(item, [...path, at], refuse));
  return toMap(node, path, refuse);
}

function toMap(node: YAMLMap, path: IssuePath, refuse: Refuse): Record<string, unknown> {
  const map: Record<string, unknown> = Object.create(null);
  for (const { key, value } of node.items) {
    const name = keyName(key);
    if (name === null) {
      refuse(isNode(key) ? key : node, path, 'found a key that is no plain text, expected a name');
      continue;
    }
    const here = [...path, name];
    if (name === '__proto__') refuse(key as Node, path, 'found the key "__proto__", which is no name: remove it');
    else if (name in map) refuse(key as Node, here, `the key ${found(name)} is given twice: remove one`);
    else map[name] = toValue(value, here, refuse);
  }
  return map;
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);
}

function keyName(key: unknown): string | null {
  if (!isScalar(key) || key.value === null || key.value === '') return null;
  return typeof key.value === 'object' ? null : String(key.value);
}

/** Where the key or value of an issue stands; the nearest there is when it is missing. */
function offsetOf(root: unknown, issue: Issue): number {
  let offset = start(root) ?? 0;
  let node = root;
  for (const [at, part] of issue.path.entries()) {
    const last = at === issue.path.length - 1;
    if (isSeq(node) && typeof part === 'number') {
      node = node.items[part];
    } else if (isMap(node)) {
      const pair = node.items.find((item) => keyName(item.key) === String(part));
      if (pair === undefined) return offset;
      offset = start(pair.key) ?? offset;
      if (last && issue.on === 'key') return offset;
      node = pair.value;
    } else {
      return offset;
    }
    // A map or list is shown at its key, where it begins for a reader.
    if (last || isSeq(node) || isMap(node)) {
      const inner = start(node);
      if (inner !== null && (isScalar(node) || typeof part === 'number')) offset = inner;
    }
  }
  return offset;
}

function start(node: unknown): number | null {
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}
