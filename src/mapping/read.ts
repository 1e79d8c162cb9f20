import { parseCheckExpression, resolveFact } from './check-expression.ts';
import { BUILT_IN_FACTS } from './fact-names.ts';
import { found, type Issue, type IssuePath, orList, valueAt } from './issue.ts';
import { idWithout, kindIssues, mappingFrom } from './kind.ts';
import type { ActionMapping, Mapping } from './mapping.ts';
import { actionMappingSchema } from './schema.ts';
import { shadowedBy } from './shadow.ts';
import { checkShape } from './shape.ts';
import { nearest } from './suggest.ts';

/** What the mapping is checked against. */
interface Surroundings {
  /** Configured playbooks with their versions (null: the version is unusable); null when they could not be read. */
  readonly playbooks: ReadonlyMap<string, string | null> | null;
  /** Names of those that have an inventory; absent where that is not known. */
  readonly fleets?: ReadonlySet<string>;
  /** Names of the configured facts; null when they could not be read. The built-in ones need not be named. */
  readonly facts: readonly string[] | null;
}

interface ReadMapping {
  /** Null when there are issues. */
  readonly mapping: ActionMapping | null;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

/**
 * Reads the document of `action-mapping.json`: its shape, and what its parts mean to each other and to the
 * configuration. All issues at once; `written` is the document before `~` and `${NAME}` were expanded.
 */
export function readActionMapping(document: unknown, around: Surroundings, written: unknown = document): ReadMapping {
  const shape = checkShape(actionMappingSchema, document, written);
  const entries = valueAt(document, ['mappings']);
  const issues = [...shape.issues];
  if (Array.isArray(entries)) {
    issues.push(...duplicateIds(entries));
    entries.forEach((entry, at) => {
      issues.push(...entryIssues(entry, ['mappings', at], around));
    });
  }
  if (shape.value === null || issues.length > 0) return { mapping: null, issues, warnings: [] };
  const mapping: ActionMapping = {
    ...shape.value,
    mappings: shape.value.mappings.map(mappingFrom),
  };
  return { mapping, issues, warnings: [...warningsOf(mapping), ...elsewhereWarnings(mapping, around)] };
}

function duplicateIds(entries: readonly unknown[]): Issue[] {
  const seen = new Map<string, number>();
  const issues: Issue[] = [];
  entries.forEach((entry, at) => {
    const id = valueAt(entry, ['id']);
    const name = typeof id === 'string' ? id : idWithout(entry);
    if (name === null) return;
    const first = seen.get(name);
    if (first === undefined) {
      seen.set(name, at);
      return;
    }
    const advice =
      typeof id === 'string'
        ? 'give each mapping an id of its own'
        : valueAt(entry, ['alertname']) === undefined
          ? 'an id is the type and the resource_filter where none is given, and the first of two mappings for the same resource decides: remove one'
          : 'an id is the alertname and the labels where none is given, and the first of two mappings for the same alerts decides: remove one';
    const message = `the id ${found(name)} is already that of mappings[${first}]: ${advice}`;
    issues.push({ path: ['mappings', at, ...(typeof id === 'string' ? ['id'] : [])], on: 'value', message });
  });
  return issues;
}

function entryIssues(entry: unknown, path: IssuePath, around: Surroundings): Issue[] {
  const issues: Issue[] = kindIssues(entry, path);
  const least = valueAt(entry, ['conditions', 'min_days_until_critical']);
  const most = valueAt(entry, ['conditions', 'max_days_until_critical']);
  if (typeof least === 'number' && typeof most === 'number' && least > most) {
    const message = `found ${least}, expected at most max_days_until_critical (${most}): no prediction could be in this window`;
    issues.push({ path: [...path, 'conditions', 'min_days_until_critical'], on: 'value', message });
  }
  issues.push(...playbookIssues(entry, path, around));
  issues.push(...radiusIssues(entry, path, around));
  const checks = valueAt(entry, ['safety_checks']);
  if (Array.isArray(checks)) {
    checks.forEach((check, at) => {
      issues.push(...checkIssues(check, [...path, 'safety_checks', at], around));
    });
  }
  const expect = valueAt(entry, ['action', 'verify', 'expect']);
  issues.push(...checkIssues(expect, [...path, 'action', 'verify', 'expect'], around));
  return issues;
}

function playbookIssues(entry: unknown, path: IssuePath, { playbooks }: Surroundings): Issue[] {
  const playbook = valueAt(entry, ['action', 'playbook']);
  const version = valueAt(entry, ['action', 'version']);
  if (playbooks === null || typeof playbook !== 'string' || playbook === '') return [];
  const configured = playbooks.get(playbook);
  if (configured === undefined) {
    const names = [...playbooks.keys()];
    const meant = nearest(playbook, names);
    const known = names.length === 0 ? 'none is configured there' : `expected ${orList(names)}`;
    const advice = meant === null ? 'add it under playbooks:' : `did you mean ${JSON.stringify(meant)}?`;
    const message = `found ${found(playbook)}, which is no playbook of forestall.yaml; ${known}: ${advice}`;
    return [{ path: [...path, 'action', 'playbook'], on: 'value', message }];
  }
  if (configured === null || typeof version !== 'string' || version === configured) return [];
  const message = `found ${found(version)}, expected ${found(configured)}, the version of ${playbook} in forestall.yaml: read what changed in the playbook, then make the two equal`;
  return [{ path: [...path, 'action', 'version'], on: 'value', message }];
}

/** A share of nothing would never open. */
function radiusIssues(entry: unknown, path: IssuePath, { playbooks, fleets }: Surroundings): Issue[] {
  const percent = valueAt(entry, ['action', 'blast_radius', 'percent']);
  const playbook = valueAt(entry, ['action', 'playbook']);
  if (typeof percent !== 'number' || typeof playbook !== 'string') return [];
  if (playbooks?.has(playbook) !== true || fleets?.has(playbook) !== false) return [];
  const message = `found ${percent}, a share of the hosts in an inventory, and ${playbook} has none: set hosts instead, or run it by Ansible`;
  return [{ path: [...path, 'action', 'blast_radius', 'percent'], on: 'value', message }];
}

function checkIssues(check: unknown, path: IssuePath, { facts }: Surroundings): Issue[] {
  if (typeof check !== 'string' || check === '') return [];
  const parsed = parseCheckExpression(check);
  if (!parsed.ok) return [{ path, on: 'value', message: parsed.problem }];
  if (facts === null) return [];
  const names = [...new Set([...BUILT_IN_FACTS, ...facts])];
  if (resolveFact(parsed.expression, new Set(names)) !== null) return [];
  const meant = nearest(parsed.expression.fact, names);
  const advice =
    meant === null
      ? `define it under facts: in forestall.yaml; known: ${names.join(', ')}`
      : `did you mean ${JSON.stringify(meant)}? Otherwise define it under facts: in forestall.yaml`;
  const message = `found ${found(check)}, which asks the fact ${parsed.expression.fact} that nobody defines: ${advice}`;
  return [{ path, on: 'value', message }];
}

function warningsOf({ mappings }: ActionMapping): Issue[] {
  const warnings: Issue[] = [];
  mappings.forEach((mapping: Mapping, at) => {
    const path = ['mappings', at];
    const earlier = shadowedBy(mapping, mappings);
    if (earlier !== null) {
      const message = `the mapping ${found(mapping.id)} can never match: ${found(earlier.id)} stands before it and catches every ${whatOf(mapping)}; put it first or remove it`;
      warnings.push({ path, on: 'value', message });
    }
  });
  return warnings;
}

function whatOf({ alert, prediction_type, resource_filter }: Mapping): string {
  return alert === null ? `${prediction_type} of ${found(resource_filter)}` : `alert that this one is for`;
}

/** Built-in facts are about this machine; what a playbook with an inventory changes is another. */
function elsewhereWarnings({ mappings }: ActionMapping, { facts, fleets }: Surroundings): Issue[] {
  return mappings.flatMap(({ action, safety_checks }, at) => {
    if (fleets?.has(action.playbook) !== true) return [];
    const checks = safety_checks.map((check, index) => [check, ['safety_checks', index]] as const);
    const expected =
      action.verify.expect === null ? [] : [[action.verify.expect, ['action', 'verify', 'expect']] as const];
    return [...checks, ...expected].flatMap(([check, path]): Issue[] => {
      const parsed = parseCheckExpression(check);
      const own = BUILT_IN_FACTS.filter((name) => !(facts ?? []).includes(name));
      if (!parsed.ok || resolveFact(parsed.expression, new Set(own)) === null) return [];
      const message = `${found(check)} is asked of this machine, and ${action.playbook} runs on the host of the prediction: let the play check what only that host knows`;
      return [{ path: ['mappings', at, ...path], on: 'value', message }];
    });
  });
}
