import type { Prediction } from '../prediction/prediction.ts';
import { quoted } from './text.ts';

const PLACEHOLDER = /\{(?:([a-z_]+)|(label|parameter)\.([^{}]+))\}/g;
const SIMPLE = ['playbook', 'resource', 'host', 'prediction_type', 'days_until_critical'];

export type Substituted =
  | { readonly ok: true; readonly argv: readonly string[] }
  | { readonly ok: false; readonly problem: string };

export type PredictionValues = Pick<
  Prediction,
  'prediction_type' | 'resource' | 'host' | 'days_until_critical' | 'labels'
>;

/**
 * What each placeholder stands for, by its name without the braces (`resource`, `label.NAME`, `parameter.NAME`). What
 * is absent or empty has no entry: an empty label is no label, as in Prometheus.
 */
export function placeholderValues(
  playbook: string,
  prediction: PredictionValues,
  parameters: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const set = (name: string, value: string | null): void => {
    if (value !== null && value !== '') values.set(name, value);
  };
  set('playbook', playbook);
  set('resource', prediction.resource);
  set('host', prediction.host);
  set('prediction_type', prediction.prediction_type);
  set('days_until_critical', plainDecimal(prediction.days_until_critical));
  for (const [name, value] of Object.entries(prediction.labels)) set(`label.${name}`, value);
  for (const [name, value] of Object.entries(parameters)) set(`parameter.${name}`, value);
  return values;
}

/**
 * Replaces the placeholders inside each argument, in one pass: a value that holds `{host}` stays as it is. The program
 * itself (`argv[0]`) is never changed. Refuses a placeholder without a value, an unknown one, and a value that would
 * make an argument begin with `-`.
 */
export function substitute(argv: readonly string[], values: ReadonlyMap<string, string>): Substituted {
  const result: string[] = [];
  for (const [index, template] of argv.entries()) {
    if (index === 0) {
      result.push(template);
      continue;
    }
    const missing: string[] = [];
    const argument = template.replace(PLACEHOLDER, (whole: string) => {
      const value = values.get(whole.slice(1, -1));
      if (value === undefined) missing.push(whole);
      return value ?? '';
    });
    if (missing[0] !== undefined)
      return { ok: false, problem: `argument ${quoted(template)}: ${missing[0]} has no value` };
    if (argument.startsWith('-') && !template.startsWith('-')) {
      return {
        ok: false,
        problem: `argument ${quoted(template)} would become ${quoted(argument)} and be read as an option`,
      };
    }
    if (argument.includes('\0')) return { ok: false, problem: `argument ${quoted(template)} would hold a NUL` };
    result.push(argument);
  }
  return { ok: true, argv: result };
}

/** Placeholders that nothing stands behind, for validation: one sentence, or null. Parameters are the mapping's. */
export function placeholderProblem(argv: readonly string[]): string | null {
  for (const [index, template] of argv.entries()) {
    for (const match of template.matchAll(PLACEHOLDER)) {
      if (index === 0) return `the program ${quoted(template)} holds a placeholder; only arguments may`;
      if (match[1] !== undefined && !SIMPLE.includes(match[1])) {
        return `argument ${quoted(template)}: unknown placeholder ${match[0]}; known are ${SIMPLE.map((n) => `{${n}}`).join(' ')} {label.NAME} {parameter.NAME}`;
      }
    }
  }
  return null;
}

function plainDecimal(days: number | null): string | null {
  if (days === null || !Number.isFinite(days)) return null;
  const text = String(days);
  return text.includes('e') ? days.toFixed(12).replace(/\.?0+$/, '') : text;
}
