import { spawnSync } from 'node:child_process';
import { filesBelow, readText } from '../support/source-text.ts';

/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  /** Line of its first line, from 1. */
  readonly line: number;
  readonly language: string;
  /** Without the fence and its indent. */
  readonly text: string;
  /** Of the HTML comments that stand right before the fence: `exit 1` of `<!-- exit 1 -->`. */
  readonly notes: readonly string[];
}

/** One command that a reader types. */
export interface Command {
  readonly page: string;
  readonly line: number;
  readonly text: string;
  /** What the page shows as its output; null where it shows none. */
  readonly output: string | null;
  /** The exit code that the page says. */
  readonly exit: number;
}

export const PAGES: readonly string[] = [
  'README.md',
  ...filesBelow('docs').filter((file) => file.endsWith('.md')),
  ...filesBelow('deploy').filter((file) => file.endsWith('.md')),
];

export function where({ page, line }: { readonly page: string; readonly line: number }): string {
  return `${page}:${line}`;
}

export function blocksOf(page: string, text = readText(page)): readonly Block[] {
  const blocks: Block[] = [];
  let notes: string[] = [];
  let open: { fence: string; indent: number; language: string; line: number; lines: string[] } | null = null;
  for (const [at, line] of text.split('\n').entries()) {
    const [, indent, fence, language] = /^( *)(```+|~~~+)\s*([^\s`]*)/.exec(line) ?? [];
    if (open === null && fence !== undefined) {
      open = { fence, indent: indent!.length, language: language!, line: at + 2, lines: [] };
    } else if (open === null) {
      const [, note] = /^\s*<!--\s*(.*?)\s*-->\s*$/.exec(line) ?? [];
      if (note !== undefined) notes.push(note);
      else if (line.trim() !== '') notes = [];
    } else if (fence?.startsWith(open.fence) && language === '') {
      blocks.push({ page, line: open.line, language: open.language, text: open.lines.join('\n'), notes });
      open = null;
      notes = [];
    } else {
      open.lines.push(line.slice(Math.min(open.indent, line.search(/\S|$/))));
    }
  }
  if (open !== null) throw new Error(`${page}:${open.line}: this block is never closed`);
  return blocks;
}

/** A block that begins with `#!` shows a file, not what is typed. */
export function isScript({ text }: Block): boolean {
  return text.startsWith('#!');
}

/** The commands of the blocks in `sh` and `console`, in the order of the page. */
export function commandsOf(page: string, text?: string): readonly Command[] {
  return blocksOf(page, text).flatMap((block) => {
    if (isScript(block)) return [];
    if (block.language !== 'sh' && block.language !== 'console') return [];
    const found = block.language === 'sh' ? typed(block) : shown(block);
    const exits = block.notes.flatMap((note) => /^exit (\d+)$/.exec(note)?.[1] ?? []);
    const last = found.at(-1);
    return exits.length === 0 || last === undefined
      ? found
      : [...found.slice(0, -1), { ...last, exit: Number(exits.at(-1)) }];
  });
}

/** `sh`: a command may take several lines. */
function typed(block: Block): readonly Command[] {
  const found: Command[] = [];
  let lines: string[] = [];
  let begin = 0;
  for (const [at, line] of block.text.split('\n').entries()) {
    if (lines.length === 0 && (line.trim() === '' || line.trimStart().startsWith('#'))) continue;
    if (lines.length === 0) begin = at;
    lines.push(line);
    const text = lines.join('\n');
    if (!isComplete(text)) continue;
    found.push({ page: block.page, line: block.line + begin, text, output: null, exit: 0 });
    lines = [];
  }
  if (lines.length > 0) throw new Error(`${block.page}:${block.line + begin}: this command is not complete`);
  return found;
}

/** `console`: a command after `$ `, what it needs of further lines, and then its output. */
function shown(block: Block): readonly Command[] {
  const found: { line: number; command: string; output: string[] }[] = [];
  for (const [at, line] of block.text.split('\n').entries()) {
    const last = found.at(-1);
    if (line.startsWith('$ ')) found.push({ line: block.line + at, command: line.slice(2), output: [] });
    else if (last === undefined)
      throw new Error(`${block.page}:${block.line}: a console block begins with "$ COMMAND"`);
    else if (last.output.length === 0 && !isComplete(last.command)) last.command += `\n${line.replace(/^> /, '')}`;
    else last.output.push(line);
  }
  return found.map(({ line, command, output }) => ({
    page: block.page,
    line,
    text: command,
    output: output.join('\n'),
    exit: 0,
  }));
}

/** Whether bash would run it, or wait for more lines. */
function isComplete(text: string): boolean {
  if (/\\$/.test(text)) return false;
  if (!/["'`(){}\\]|<<|\b(?:for|if|while|until|case)\b|(?:&&|\|)\s*$/.test(text)) return true;
  const { stderr } = spawnSync('bash', ['-n'], { input: `${text}\n`, encoding: 'utf8', env: { LC_ALL: 'C' } });
  return !/unexpected (?:end of file|EOF)|delimited by end-of-file/.test(stderr);
}
