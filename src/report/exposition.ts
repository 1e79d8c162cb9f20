/** One family of the text exposition format whose series share ready-made label texts. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge';
  /** One value a label text; undefined: this series is absent. */
  readonly values: readonly (number | undefined)[];
}

/**
 * Writes families over one list of label texts (see `labelText`). It exists for the families that have a series per
 * prediction: the label text is built once for all of them, where the client library builds and hashes it per value.
 */
export function renderFamilies(labels: readonly string[], families: readonly Family[]): string {
  let text = '';
  for (const family of families) {
    text += `# HELP ${family.name} ${family.help}\n# TYPE ${family.name} ${family.type}\n`;
    for (let at = 0; at < labels.length; at++) {
      const value = family.values[at];
      if (value !== undefined) text += `${family.name}{${labels[at]}} ${numberText(value)}\n`;
    }
  }
  return text;
}

/** `name="value",…` with the values escaped. An empty value is the same as no label, so it is left out. */
export function labelText(labels: Readonly<Record<string, string | null>>): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(labels)) {
    if (value !== null && value !== '') parts.push(`${name}="${escapeLabel(value)}"`);
  }
  return parts.join(',');
}

/**
 * What the format can carry: UTF-8 without lone surrogates, and no NUL, which ends the input for Prometheus's parser. Both
 * become the replacement character.
 */
export function cleanLabel(value: string): string {
  return value.toWellFormed().replaceAll('\0', '\u{fffd}');
}

const NEEDS_ESCAPE = /[\\"\n]/g;
const ESCAPED: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

function escapeLabel(value: string): string {
  return cleanLabel(value).replace(NEEDS_ESCAPE, (character) => ESCAPED[character] ?? character);
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return String(value);
}
