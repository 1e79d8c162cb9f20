import type { AnsibleConfig } from '../../config/config.ts';
import { type PredictionValues, placeholderProblem, substitute } from '../arguments.ts';
import { quoted } from '../text.ts';

/** What Ansible would read as a template. */
const TEMPLATE = /\{\{|\{%|\{#/;
/** One host by its name: nothing that `--limit` reads as a pattern, a list, a range or a file. */
const HOST = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?$/;
/** Words that name hosts which no inventory lists one by one. */
const GROUPS_OF_ANSIBLE = new Set(['all', 'ungrouped']);

/**
 * Why a prediction is refused for Ansible whatever the play uses, in one sentence; null when it is not. It finds all of
 * these values in the prediction file, and templates what a play reads from there.
 */
export function unsafeForAnsible(
  ansible: AnsibleConfig,
  prediction: PredictionValues,
  values: ReadonlyMap<string, string>,
): string | null {
  const host = hostProblem(prediction.host);
  if (host !== null) return host;
  for (const [what, value] of [
    ['prediction_type', prediction.prediction_type],
    ['resource', prediction.resource],
    ...Object.entries(prediction.labels).flatMap(([name, text]) => [
      ['the name of label', name] as const,
      [`label ${quoted(name)}`, text] as const,
    ]),
  ] as const) {
    if (TEMPLATE.test(value)) return `${what} ${quoted(value)} holds what Ansible would read as a template`;
  }
  const variables = extraVariables(ansible, values);
  return variables.ok ? null : variables.problem;
}

function hostProblem(host: string | null): string | null {
  if (host === null || host === '') return 'the prediction has no host, and a play needs one';
  if (GROUPS_OF_ANSIBLE.has(host)) return `host ${quoted(host)} is a group of Ansible, not one host`;
  return HOST.test(host) ? null : `host ${quoted(host)} could be a pattern of Ansible, not the name of one host`;
}

export type ExtraVariables =
  | { readonly ok: true; readonly document: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly problem: string };

/**
 * The document of the extra variables. Every text is marked as unsafe: Ansible then takes it as it stands, and never as
 * a template, wherever the play uses it.
 */
export function extraVariables({ extra_vars }: AnsibleConfig, values: ReadonlyMap<string, string>): ExtraVariables {
  const document: Record<string, unknown> = Object.create(null);
  for (const [name, written] of Object.entries(extra_vars)) {
    if (typeof written !== 'string') {
      document[name] = written;
      continue;
    }
    const template = ['', written];
    const unknown = placeholderProblem(template);
    if (unknown !== null) return { ok: false, problem: `extra_vars.${name}: ${unknown}` };
    const substituted = substitute(template, values);
    if (!substituted.ok) return { ok: false, problem: `extra_vars.${name}: ${substituted.problem}` };
    document[name] = { __ansible_unsafe: substituted.argv[1] };
  }
  return { ok: true, document };
}
