import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the project. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');

const NOT_OURS = new Set(['node_modules', '.git', 'dist', 'coverage', 'data']);

/** Files of the project below `folder` (relative to its root), relative to its root, sorted. Missing folder: none. */
export function filesBelow(folder: string): string[] {
  const found: string[] = [];
  const visit = (path: string) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory() && !NOT_OURS.has(entry.name)) visit(join(path, entry.name));
      else if (entry.isFile()) found.push(relative(ROOT, join(path, entry.name)));
    }
  };
  try {
    visit(join(ROOT, folder));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return found.sort();
}

export function readText(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** One import of another module, also `export … from` and `import(…)`. */
export interface ImportedModule {
  /** As written. */
  readonly specifier: string;
  /** The file, relative to the root, where the specifier is relative; else null. */
  readonly file: string | null;
  /** The npm package, where it is one. */
  readonly packageName: string | null;
  /** The names taken out of it; null: all of them. */
  readonly names: readonly string[] | null;
  readonly typeOnly: boolean;
}

export interface SourceFile {
  /** Relative to the root. */
  readonly path: string;
  readonly lines: number;
  /** The code without comments. */
  readonly code: string;
  /** The code without comments and without what stands inside of string literals. */
  readonly bare: string;
  readonly imports: readonly ImportedModule[];
  readonly exports: readonly string[];
}

/** Reads a TypeScript file as far as house rules need it: not a parser, enough for code that biome has formatted. */
export function parseSource(path: string, text: string): SourceFile {
  const { code, bare } = withoutComments(text);
  return {
    path,
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    code,
    bare,
    imports: importsOf(code, bare, path),
    exports: exportsOf(bare),
  };
}

export function sourcesBelow(folder: string): SourceFile[] {
  return filesBelow(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => parseSource(file, readText(file)));
}

const FROM =
  /^[ \t]*(import|export)\s+(type\s+)?((?:[\w$]+\s*,\s*)?(?:\{[^}]*\}|\*(?:\s+as\s+[\w$]+)?)|[\w$]+)\s+from\s+['"]([^'"]+)['"]/gm;
const SIDE_EFFECT = /^[ \t]*import\s+['"]([^'"]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]/g;
/** How a worker thread names its file: the literals in here. */
const BY_URL = /new URL\(([^;]*?)import\.meta\.url\)/g;
const FILE_LITERAL = /['"](\.[^'"]+\.ts)['"]/g;

function importsOf(code: string, bare: string, path: string): ImportedModule[] {
  const found: ImportedModule[] = [];
  const add = (specifier: string, names: readonly string[] | null, typeOnly: boolean) => {
    const file = specifier.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(path), specifier)) : null;
    const isPackage = file === null && !specifier.startsWith('node:');
    const parts = specifier.split('/');
    const packageName = isPackage ? parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/') : null;
    found.push({ specifier, file, packageName, names, typeOnly });
  };
  /** What a pattern finds in the code, not inside of a string. */
  const matches = (pattern: RegExp) =>
    [...code.matchAll(pattern)].filter((match) => {
      const at = match.index + match[0].search(/\S/);
      return bare[at] === code[at];
    });
  for (const [, , type, clause, specifier] of matches(FROM)) {
    const braces = /\{([^}]*)\}/.exec(clause!);
    const items = braces === null ? [] : listed(braces[1]!);
    const onlyTypes = braces !== null && !/^[\w$]/.test(clause!) && items.every((item) => item.startsWith('type '));
    const names = braces === null ? null : items.map((item) => item.replace(/^type\s+/, '').split(/\s+as\s+/)[0]!);
    add(specifier!, names, type !== undefined || onlyTypes);
  }
  for (const [, specifier] of matches(SIDE_EFFECT)) add(specifier!, [], false);
  for (const [, specifier] of matches(DYNAMIC)) add(specifier!, null, false);
  for (const [, inside] of matches(BY_URL)) {
    for (const [, specifier] of inside!.matchAll(FILE_LITERAL)) add(specifier!, null, false);
  }
  return found;
}

const DECLARED =
  /^export\s+(?:declare\s+)?(?:async\s+)?(?:abstract\s+)?(?:function\*?|const|let|class|interface|type)\s+([\w$]+)/gm;
const LISTED = /^export\s+(?:type\s+)?\{([^}]*)\}/gm;

function exportsOf(code: string): string[] {
  const declared = [...code.matchAll(DECLARED)].map(([, name]) => name!);
  const named = [...code.matchAll(LISTED)].flatMap(([, list]) =>
    listed(list!).map(
      (item) =>
        item
          .replace(/^type\s+/, '')
          .split(/\s+as\s+/)
          .at(-1)!,
    ),
  );
  return [...declared, ...named];
}

function listed(list: string): string[] {
  return list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Blanks comments, and for `bare` the insides of strings, templates (not their expressions) and regular expressions. */
function withoutComments(text: string): { code: string; bare: string } {
  let code = '';
  let bare = '';
  const templates: number[] = [];
  let depth = 0;
  let at = 0;
  const emit = (to: number, keep: boolean) => {
    const part = text.slice(at, to);
    code += part;
    bare += keep ? part : part.replace(/[^\n]/g, ' ');
    at = to;
  };
  const blank = (to: number) => {
    const part = text.slice(at, to).replace(/[^\n]/g, ' ');
    code += part;
    bare += part;
    at = to;
  };
  /** From inside a template to its end or its next expression. */
  const template = () => {
    let to = at;
    while (to < text.length && text[to] !== '`' && !(text[to] === '$' && text[to + 1] === '{'))
      to += text[to] === '\\' ? 2 : 1;
    emit(to, false);
    if (text[at] === '`') return emit(at + 1, true);
    templates.push(depth);
    depth++;
    emit(at + 2, true);
  };
  while (at < text.length) {
    const c = text[at]!;
    const next = text[at + 1];
    if (c === '/' && next === '/') blank(lineEnd(text, at));
    else if (c === '/' && next === '*') blank(after(text, '*/', at + 2));
    else if (c === '"' || c === "'") {
      const end = literalEnd(text, at + 1, c);
      emit(at + 1, true);
      emit(end - 1, false);
      emit(end, true);
    } else if (c === '`') {
      emit(at + 1, true);
      template();
    } else if (c === '/' && startsRegex(code)) {
      emit(at + 1, true);
      emit(regexEnd(text, at), false);
      emit(at + 1, true);
    } else {
      if (c === '{') depth++;
      if (c === '}') depth--;
      emit(at + 1, true);
      if (c === '}' && templates.at(-1) === depth) {
        templates.pop();
        template();
      }
    }
  }
  return { code, bare };
}

function lineEnd(text: string, from: number): number {
  const at = text.indexOf('\n', from);
  return at < 0 ? text.length : at;
}

function after(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at < 0 ? text.length : at + mark.length;
}

function literalEnd(text: string, from: number, quote: string): number {
  let to = from;
  while (to < text.length && text[to] !== quote) to += text[to] === '\\' ? 2 : 1;
  return to + 1;
}

/** A slash begins a regular expression unless it follows a value. */
function startsRegex(before: string): boolean {
  const trimmed = before.trimEnd();
  return /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|of|in|await))$/.test(trimmed);
}

/** The closing slash of a regular expression whose body begins at `from`. */
function regexEnd(text: string, from: number): number {
  let inClass = false;
  let to = from;
  while (to < text.length && (inClass || text[to] !== '/')) {
    if (text[to] === '[') inClass = true;
    if (text[to] === ']') inClass = false;
    to += text[to] === '\\' ? 2 : 1;
  }
  return to;
}
