/** One program with its arguments, out of a command line: what bash would start. */
export interface SimpleCommand {
  /** As typed, without assignments in front and without redirections; the launcher is `forestall` by whatever path. */
  readonly words: readonly string[];
  /** Files behind `>`, `>>` and `<`. */
  readonly files: readonly string[];
}

const KEYWORDS = new Set([
  'if',
  'then',
  'elif',
  'else',
  'fi',
  'while',
  'until',
  'do',
  'done',
  '!',
  'time',
  'case',
  'esac',
]);

/**
 * The simple commands of a command line, also those inside of `$(…)`: enough of the shell's grammar for what stands in
 * documentation. The text of here-documents is data.
 */
export function simpleCommands(line: string): readonly SimpleCommand[] {
  const found: SimpleCommand[] = [];
  const inner: string[] = [];
  let words: string[] = [];
  let files: string[] = [];
  let word: string | null = null;
  let redirect = false;
  const text = withoutHereDocuments(line);

  const endWord = () => {
    if (word === null) return;
    if (redirect) files.push(word);
    else words.push(word);
    redirect = false;
    word = null;
  };
  const endCommand = () => {
    endWord();
    while (words.length > 0 && (KEYWORDS.has(words[0]!) || /^[A-Za-z_]\w*=/.test(words[0]!))) words.shift();
    if (words.length > 0 && words[0] !== 'for')
      found.push({
        words: [words[0]!.replace(/^\S*\/bin\/forestall$|^bin\/forestall$/, 'forestall'), ...words.slice(1)],
        files,
      });
    words = [];
    files = [];
  };

  let at = 0;
  while (at < text.length) {
    const c = text[at]!;
    if (c === '\\') {
      if (text[at + 1] !== '\n') word = (word ?? '') + (text[at + 1] ?? '');
      at += 2;
    } else if (c === "'") {
      const end = text.indexOf("'", at + 1);
      word = (word ?? '') + text.slice(at + 1, end);
      at = end + 1;
    } else if (c === '"') {
      const end = closingQuote(text, at);
      const quoted = text.slice(at + 1, end);
      for (const { body } of substitutions(quoted)) inner.push(body);
      word = (word ?? '') + quoted;
      at = end + 1;
    } else if (c === '$' && text[at + 1] === '(') {
      const end = closingParenthesis(text, at + 1);
      inner.push(text.slice(at + 2, end));
      word = (word ?? '') + text.slice(at, end + 1);
      at = end + 1;
    } else if (c === '#' && word === null) {
      const end = text.indexOf('\n', at);
      at = end < 0 ? text.length : end;
    } else if (c === '>' || c === '<') {
      if (word !== null && /^\d$/.test(word)) word = null;
      endWord();
      at += /^(?:>>|>&|<&|>)/.exec(text.slice(at))?.[0].length ?? 1;
      redirect = true;
    } else if (';|&\n(){}'.includes(c) && !(c === '{' && word !== null) && !(c === '}' && word !== null)) {
      endCommand();
      at++;
    } else if (c === ' ' || c === '\t') {
      endWord();
      at++;
    } else {
      word = (word ?? '') + c;
      at++;
    }
  }
  endCommand();
  return [...found, ...inner.flatMap(simpleCommands)];
}

function withoutHereDocuments(text: string): string {
  const [, end] = /<<-?\s*['"]?(\w+)['"]?/.exec(text) ?? [];
  if (end === undefined) return text;
  const body = new RegExp(`<<-?\\s*['"]?${end}['"]?([^\\n]*)\\n[\\s\\S]*?\\n?${end}(?:\\n|$)`);
  return text.replace(body, '$1\n');
}

function closingQuote(text: string, open: number): number {
  let at = open + 1;
  while (at < text.length && text[at] !== '"') {
    if (text[at] === '\\') at += 2;
    else if (text[at] === '$' && text[at + 1] === '(') at = closingParenthesis(text, at + 1) + 1;
    else at++;
  }
  return at;
}

function closingParenthesis(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === '(') depth++;
    if (text[at] === ')' && --depth === 0) return at;
  }
  return text.length;
}

function* substitutions(text: string): Generator<{ readonly body: string }> {
  let end = 0;
  for (let at = text.indexOf('$('); at >= 0; at = text.indexOf('$(', end)) {
    end = closingParenthesis(text, at + 1);
    yield { body: text.slice(at + 2, end) };
  }
}
