/** What standard output shows on. */
export interface Terminal {
  /** Null where it is no terminal: lines are as long as they have to be. */
  readonly columns: number | null;
  readonly colour: boolean;
}

/** Colour is for terminals only, and for nobody who set `NO_COLOR` to anything (https://no-color.org). */
export function terminalOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  env: NodeJS.ProcessEnv,
): Terminal {
  const plain = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return stream.isTTY === true ? { columns: stream.columns ?? 80, colour: !plain } : { columns: null, colour: false };
}

export type Tone = 'good' | 'bad' | 'warning' | 'quiet' | 'plain';

const CODES: Readonly<Record<Exclude<Tone, 'plain'>, number>> = { good: 32, bad: 31, warning: 33, quiet: 2 };

export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

export function paint({ text, tone = 'plain' }: Cell, { colour }: Terminal): string {
  return colour && tone !== 'plain' ? `\x1b[${CODES[tone]}m${text}\x1b[0m` : text;
}

const GAP = 2;
/** What a column is never cut below. */
const NARROWEST = 8;

/**
 * Rows in columns, two blanks between them. On a terminal that is too narrow the longest columns are cut first, so that
 * every row stays one line; where not even that fits, the last columns go. Control characters are shown as they are
 * written in JSON.
 */
export function table(rows: readonly (readonly Cell[])[], terminal: Terminal): string {
  const clean = rows.map((row) => row.map((cell) => ({ ...cell, text: visible(cell.text) })));
  const count = Math.max(0, ...clean.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, at) => Math.max(...clean.map((row) => lengthOf(row[at]?.text))));
  const fitted = terminal.columns === null ? widths : narrowed(widths, terminal.columns);
  return clean
    .map((row) => {
      const cells = fitted.map((width, at) => {
        const { text = '', tone } = row[at] ?? {};
        const shown = cut(text, width);
        const last = at === fitted.length - 1;
        return (
          paint({ text: shown, ...(tone === undefined ? {} : { tone }) }, terminal) +
          (last ? '' : ' '.repeat(width - lengthOf(shown)))
        );
      });
      return `${cells.join(' '.repeat(GAP)).trimEnd()}\n`;
    })
    .join('');
}

function narrowed(widths: readonly number[], columns: number): readonly number[] {
  const kept = [...widths];
  const room = () => columns - kept.reduce((sum, width) => sum + width, GAP * Math.max(0, kept.length - 1));
  while (room() < 0) {
    const longest = Math.max(...kept);
    if (longest > NARROWEST) kept[kept.lastIndexOf(longest)] = longest - 1;
    else if (kept.length > 1) kept.pop();
    else return [Math.max(1, columns)];
  }
  return kept;
}

function lengthOf(text = ''): number {
  return Array.from(text).length;
}

function cut(text: string, width: number): string {
  const characters = Array.from(text);
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** Nothing of a foreign text reaches the terminal as a command to it. */
function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  );
}
