import type { PlaybookConfig } from '../config/config.ts';
import { unsafeForAnsible } from './ansible/values.ts';
import { type PredictionValues, placeholderProblem, placeholderValues, substitute } from './arguments.ts';
import { CONTROL, quoted } from './text.ts';

/** The longest resource, host or label that is handed over, in code points. */
const MAX_VALUE_LENGTH = 1024;

/**
 * Why a value that the playbook would get is refused, in one sentence; null when all are safe. Resource, host, type
 * and every label are looked at whatever the playbook uses, since it gets all of them in the prediction file.
 */
export function unsafeValue(
  playbook: PlaybookConfig,
  prediction: PredictionValues,
  parameters: Readonly<Record<string, string>>,
): string | null {
  for (const [what, value] of [
    ['prediction_type', prediction.prediction_type],
    ['resource', prediction.resource],
    ['host', prediction.host ?? ''],
  ] as const) {
    const problem = valueProblem(value);
    if (problem !== null) return `${what} ${problem}`;
  }
  for (const [name, value] of Object.entries(prediction.labels)) {
    const nameProblem = valueProblem(name);
    if (nameProblem !== null) return `the name of label ${nameProblem}`;
    const problem = valueProblem(value);
    if (problem !== null) return `label ${quoted(name)} ${problem}`;
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (value.includes('\0') || !value.isWellFormed()) return `parameter ${quoted(name)} holds a NUL or broken Unicode`;
  }
  const values = placeholderValues(playbook.name, prediction, parameters);
  const template = playbook.ansible === null ? null : unsafeForAnsible(playbook.ansible, prediction, values);
  if (template !== null) return template;
  for (const argv of [playbook.dry_run, playbook.run]) {
    const problem = placeholderProblem(argv);
    if (problem !== null) return problem;
    const substituted = substitute(argv, values);
    if (!substituted.ok) return substituted.problem;
  }
  return null;
}

function valueProblem(value: string): string | null {
  const control = CONTROL.exec(value)?.[0];
  if (control !== undefined) {
    const code = (control.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return `${quoted(value)} holds the control character U+${code}`;
  }
  if (!value.isWellFormed()) return `${quoted(value.toWellFormed())} is not well-formed Unicode`;
  if (longerThan(value, MAX_VALUE_LENGTH)) return `${quoted(value)} is longer than ${MAX_VALUE_LENGTH} characters`;
  return null;
}

/** Counts code points only where the UTF-16 length leaves a doubt. */
function longerThan(value: string, max: number): boolean {
  if (value.length <= max) return false;
  return value.length > 2 * max || Array.from(value).length > max;
}
