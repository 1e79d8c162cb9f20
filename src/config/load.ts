import { dirname, isAbsolute, join, resolve } from 'node:path';
import { valueAt } from '../mapping/issue.ts';
import { lintMapping } from '../mapping/lint.ts';
import type { ActionMapping } from '../mapping/mapping.ts';
import { readActionMapping } from '../mapping/read.ts';
import { checkShape } from '../mapping/shape.ts';
import type { Config } from './config.ts';
import { readDocument } from './document.ts';
import { expand } from './expand.ts';
import { keepIssues } from './keep-meaning.ts';
import { lintSettings } from './lint.ts';
import { meaningIssues, meaningWarnings } from './meaning.ts';
import { formatProblems, type Problem } from './problem.ts';
import { resolveConfig } from './resolve.ts';
import { configSchema, type Settings } from './schema.ts';
import { isSecretPath, readSecrets } from './secrets.ts';

interface LoadOptions {
  /** forestall.yaml, as the user named it; messages name it likewise. */
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What `~` stands for. */
  readonly home: string;
  /** A mapping in place of the one that the file names, as the user named it; null: that one. */
  readonly mapping?: string | null;
}

export type LoadedConfig =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads forestall.yaml, the mapping it names and the files of its secrets. Never throws: what is wrong comes back, all of
 * it at once, in the order of the lines.
 */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const file = resolve(options.file);
  const document = readDocument(file, options.file);
  if ('problem' in document) {
    const { message } = document.problem;
    const advice = 'create it, or name another with --config or $FORESTALL_CONFIG';
    return { ok: false, problems: [{ ...document.problem, message: `${message}: ${advice}` }] };
  }
  if (document.broken) return { ok: false, problems: document.problems };

  const written = withoutEmptySections(document.value);
  const { value, issues: unset } = expand(written, options);
  const shape = checkShape(configSchema, value, written, isSecretPath);
  const secrets = readSecrets(value, (path) => resolve(dirname(file), path));
  const later = [...shape.issues, ...meaningIssues(value), ...secrets.issues];
  const problems = [...document.problems, ...unset.map(document.problemAt)];
  problems.push(...withoutEchoes(problems, later.map(document.problemAt)));

  const named = valueAt(value, ['mapping']);
  const mappingName = typeof named === 'string' && named !== '' ? named : 'action-mapping.json';
  const mapping = loadMapping(value, mappingName, options);
  const all = [...inOrder(problems), ...inOrder(mapping.problems)];
  if (all.length > 0 || shape.value === null || mapping.mapping === null) return { ok: false, problems: all };

  const forgotten = keepIssues(shape.value, mapping.mapping).map(document.problemAt);
  if (forgotten.length > 0) return { ok: false, problems: forgotten };

  const warnings = inOrder(meaningWarnings(value).map(document.problemAt)).concat(inOrder(mapping.warnings));
  const own = lintSettings(shape.value, mapping.mapping).map(document.problemAt);
  const config = resolveConfig(shape.value, {
    file,
    home: options.home,
    mapping: mapping.mapping,
    bearer_token: secrets.bearer_token,
    tokens: secrets.tokens,
    webhook_url: secrets.webhook_url,
    store_password: secrets.store_password,
    warnings: warnings.map((warning) => formatProblems([warning])),
    advice: [...inOrder(own), ...inOrder(mapping.advice)].map((one) => formatProblems([one])),
  });
  return { ok: true, config };
}

interface LoadedMapping {
  readonly mapping: ActionMapping | null;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly advice: readonly Problem[];
}

/** `around` is the (expanded) content of forestall.yaml, whatever its shape. */
function loadMapping(around: unknown, name: string, options: LoadOptions): LoadedMapping {
  const failed = (problems: readonly Problem[]) => ({ mapping: null, problems, warnings: [], advice: [] });
  const other = options.mapping ?? null;
  const shownAs = other ?? (isAbsolute(name) ? name : join(dirname(options.file), name));
  const path = other === null ? resolve(dirname(resolve(options.file)), name) : resolve(other);
  const document = readDocument(path, shownAs);
  if ('problem' in document) {
    const { message } = document.problem;
    const where = other === null ? `as mapping: in ${options.file}` : 'with --mapping';
    const advice = `create it, or name another ${where}`;
    return failed([{ ...document.problem, message: `${message}: ${advice}` }]);
  }
  if (document.broken) return failed(document.problems);
  const { value, issues: unset } = expand(document.value, options);
  const read = readActionMapping(value, surroundings(around), document.value);
  const problems = [...document.problems, ...unset.map(document.problemAt)];
  problems.push(...withoutEchoes(problems, read.issues.map(document.problemAt)));
  return {
    mapping: problems.length === 0 ? read.mapping : null,
    problems,
    warnings: read.warnings.map(document.problemAt),
    advice: (read.mapping === null ? [] : lintMapping(read.mapping)).map(document.problemAt),
  };
}

function surroundings(around: unknown) {
  const playbooks = entriesOf(valueAt(around, ['playbooks']));
  const facts = entriesOf(valueAt(around, ['facts']));
  return {
    playbooks:
      playbooks === null
        ? null
        : new Map(
            playbooks.map(([name, playbook]) => {
              const version = valueAt(playbook, ['version']);
              return [name, typeof version === 'string' ? version : null];
            }),
          ),
    fleets: new Set((playbooks ?? []).flatMap(([name, of]) => (valueAt(of, ['runner']) === 'ansible' ? [name] : []))),
    facts: facts === null ? null : facts.map(([name]) => name),
  };
}

/** Nothing where the key is absent; null where it is no map. */
function entriesOf(value: unknown): [string, unknown][] | null {
  if (value === undefined) return [];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : null;
}

/** `web:` with every line below it commented out is as good as no `web:`. An empty file is one without settings. */
function withoutEmptySections(document: unknown): unknown {
  if (document === null) return Object.create(null);
  const entries = entriesOf(document);
  if (entries === null) return document;
  const kept = entries.filter(([key, value]) => value !== null || !SECTIONS.has(key));
  return Object.assign(Object.create(null), Object.fromEntries(kept));
}

const SECTIONS: ReadonlySet<string> = new Set<keyof Settings>([
  'web',
  'webhook',
  'predictions',
  'playbooks',
  'facts',
  'prometheus',
  'alertmanager',
  'rules',
  'forecast',
  'execution',
  'ledger',
  'discord',
]);

/** One place, one problem: what follows from a problem already known there is left out. */
function withoutEchoes(known: readonly Problem[], later: readonly Problem[]): Problem[] {
  const paths = new Set(known.map((problem) => problem.path).filter((path) => path !== ''));
  const seen = new Set<string>();
  return later.filter((problem) => {
    const key = `${problem.path}\n${problem.message}`;
    if (paths.has(problem.path) || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function inOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
