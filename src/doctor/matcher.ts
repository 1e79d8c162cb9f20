/** Labels of an alert or a series; one that is missing is the empty text. */
export type Labels = Readonly<Record<string, string>>;

export interface LabelMatcher {
  readonly name: string;
  readonly op: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

/** Whether an RE2 pattern matches a whole value; null where that cannot be said. */
export type RegexMatches = (pattern: string, value: string) => boolean | null;

const MATCHER = /^\s*(?:"((?:\\.|[^"\\])*)"|([A-Za-z_:][\w:]*))\s*(=~|!=|!~|=)\s*([\s\S]*?)\s*$/;

/** One matcher in Alertmanager's text form, `resource=~"/srv.*"`; quotes may be left out. Null for any other text. */
export function parseMatcher(text: string): LabelMatcher | null {
  const parts = MATCHER.exec(text);
  if (parts === null) return null;
  const [, quotedName, plainName, op, raw = ''] = parts;
  const value = unquoted(raw);
  if (value === null) return null;
  const name = plainName ?? unescaped(quotedName!);
  return name === '' ? null : { name, op: op as LabelMatcher['op'], value };
}

function unquoted(raw: string): string | null {
  const quoted = /^"((?:\\[\s\S]|[^"\\])*)"$/.exec(raw);
  if (quoted !== null) return unescaped(quoted[1]!);
  return /^"|(?:^|[^\\])(?:\\\\)*"/.test(raw) ? null : unescaped(raw);
}

/** The three escapes of the exposition format; any other backslash stands for itself, as in `\d`. */
function unescaped(text: string): string {
  return text.replace(/\\([\s\S])/g, (whole, character: string) => {
    if (character === 'n') return '\n';
    return character === '"' || character === '\\' ? character : whole;
  });
}

/** Whether one matcher holds for these labels; null where its regular expression cannot be judged. */
function holds({ name, op, value }: LabelMatcher, labels: Labels, regexMatches: RegexMatches): boolean | null {
  const label = Object.hasOwn(labels, name) ? (labels[name] ?? '') : '';
  if (op === '=') return label === value;
  if (op === '!=') return label !== value;
  const matched = regexMatches(value, label);
  return matched === null ? null : matched === (op === '=~');
}

/** Whether all hold: false as soon as one does not, null where it hangs on one that cannot be judged. */
export function allHold(matchers: readonly LabelMatcher[], labels: Labels, regexMatches: RegexMatches): boolean | null {
  let all: boolean | null = true;
  for (const matcher of matchers) {
    const one = holds(matcher, labels, regexMatches);
    if (one === false) return false;
    if (one === null) all = null;
  }
  return all;
}
