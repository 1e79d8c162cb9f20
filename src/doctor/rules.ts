import { inWords, shown, since } from '../decision/words.ts';
import { formatDuration } from '../mapping/duration.ts';
import type { ExpectedRule, Facts, LoadedRule, PrometheusFacts } from './facts.ts';
import { broken, type Finding, note, ok, some, warning } from './finding.ts';
import type { Labels } from './matcher.ts';
import { normalised } from './promql-text.ts';
import { RULE_FILE_LINES } from './snippets.ts';

const RELOAD = 'then let Prometheus reload (POST /-/reload, or SIGHUP)';
const REWRITE = `forestall rules --output FILE   # FILE: one that rule_files of prometheus.yml names\n# ${RELOAD}`;

/** Whether Prometheus has loaded the rules that the mapping generates, and asks them. */
export function ruleFindings({ expected }: Facts, prometheus: PrometheusFacts): readonly Finding[] {
  if (!prometheus.rules.ok) {
    const why = 'Without the generated rules no prediction becomes an alert.';
    return [
      broken('rules', prometheus.rules.trouble.message, why, 'Let GET /api/v1/rules be asked from this machine.'),
    ];
  }
  const loaded = prometheus.rules.value;
  if (expected.rules.length === 0) return [note('rules', 'the mapping generates no alert rule')];
  const pairs = expected.rules.map((rule) => ({ rule, found: loaded.filter((other) => isSameAlert(rule, other)) }));
  const missing = pairs.filter(({ found }) => found.length === 0).map(({ rule }) => nameOf(rule));
  const findings: Finding[] = [];
  if (missing.length > 0) {
    const none = missing.length === expected.rules.length;
    const message = `${none ? 'none' : 'not all'} of the ${expected.rules.length} generated alert rules are loaded: ${some(missing)} ${missing.length === 1 ? 'is' : 'are'} missing`;
    const why = 'What Prometheus has no rule for never fires, so Alertmanager has nothing to deliver.';
    findings.push(broken('rules-missing', message, why, `${RULE_FILE_LINES}\n# ${RELOAD}`));
  }
  for (const { rule, found } of pairs) {
    // A file that is loaded beside an old copy of itself: the one that fits counts, the other is told about below.
    const differences = found.map((other) => differencesOf(rule, other, prometheus.formatted));
    const best = differences.find((list) => list.length === 0) ?? differences[0] ?? [];
    findings.push(...(best.length === 0 ? [] : [differing(rule, best)]), ...duplicates(rule, found));
  }
  findings.push(...leftOver(expected.rules, loaded));
  const ours = pairs.flatMap(({ found }) => found);
  findings.push(...evaluationFindings(ours, expected.interval, prometheus));
  return findings.length > 0
    ? findings
    : [ok('rules', `all ${expected.rules.length} generated alert rules are loaded, equal and evaluated`)];
}

/** Rules that differ from the generated ones in their text; Prometheus is asked to write these in its own way. */
export function expressionsToFormat(
  expected: readonly ExpectedRule[],
  loaded: readonly LoadedRule[],
): readonly string[] {
  const differing = expected.flatMap((rule) =>
    loaded
      .filter((other) => isSameAlert(rule, other) && normalised(rule.expr) !== normalised(other.expr))
      .flatMap((other) => [rule.expr, other.expr]),
  );
  return [...new Set(differing)];
}

function isSameAlert(rule: ExpectedRule, other: LoadedRule): boolean {
  return other.alert === rule.alert && (other.labels['mapping'] ?? '') === (rule.labels['mapping'] ?? '');
}

function nameOf({ alert, labels }: ExpectedRule): string {
  return `${shown(alert)} (mapping ${shown(labels['mapping'] ?? '?')})`;
}

interface Difference {
  readonly what: string;
  /** Alerts fire otherwise, or end up elsewhere. */
  readonly breaks: boolean;
}

function differencesOf(
  rule: ExpectedRule,
  other: LoadedRule,
  formatted: ReadonlyMap<string, string>,
): readonly Difference[] {
  const written = (expr: string) => normalised(formatted.get(expr) ?? expr);
  const found: Difference[] = [];
  if (written(rule.expr) !== written(other.expr)) found.push({ what: 'its expression', breaks: true });
  if (rule.for !== other.for) {
    found.push({ what: `for: ${formatDuration(other.for)}, not ${formatDuration(rule.for)}`, breaks: false });
  }
  if (rule.keep_firing_for !== other.keep_firing_for) {
    const [has, wants] = [other.keep_firing_for, rule.keep_firing_for].map(formatDuration);
    found.push({ what: `keep_firing_for: ${has}, not ${wants}`, breaks: false });
  }
  const labels = differingKeys(rule.labels, other.labels);
  if (labels.length > 0) found.push({ what: `labels ${some(labels)}`, breaks: true });
  const annotations = differingKeys(rule.annotations, other.annotations);
  if (annotations.length > 0) found.push({ what: `annotations ${some(annotations)}`, breaks: false });
  return found;
}

function differingKeys(one: Labels, other: Labels): readonly string[] {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].filter((key) => one[key] !== other[key]).map((key) => shown(key));
}

function differing(rule: ExpectedRule, differences: readonly Difference[]): Finding {
  const what = differences.map((difference) => difference.what).join('; ');
  const message = `${nameOf(rule)} is loaded, but not as the mapping generates it: ${what}`;
  return differences.some(({ breaks }) => breaks)
    ? broken(
        'rule-differs',
        message,
        'It fires for another window than the mapping decides on, or is routed elsewhere.',
        REWRITE,
      )
    : warning(
        'rule-differs',
        message,
        'It fires sooner, later or with other words than the configuration says.',
        REWRITE,
      );
}

function duplicates(rule: ExpectedRule, found: readonly LoadedRule[]): readonly Finding[] {
  if (found.length < 2) return [];
  const files = some(found.map(({ file }) => shown(file)));
  const message = `${nameOf(rule)} is loaded ${found.length} times: ${files}`;
  return [
    warning(
      'rule-twice',
      message,
      'An old copy goes on firing after the mapping has changed.',
      `Remove one of them from rule_files, ${RELOAD}`,
    ),
  ];
}

function leftOver(rules: readonly ExpectedRule[], loaded: readonly LoadedRule[]): readonly Finding[] {
  const old = loaded.filter(
    (other) => other.labels['remediation'] === 'proactive' && !rules.some((rule) => isSameAlert(rule, other)),
  );
  if (old.length === 0) return [];
  const message = `${some(old.map(nameOf))}: loaded with remediation="proactive", but not generated by the mapping`;
  return [
    warning('rule-left-over', message, 'It raises alerts that no mapping asks for; each will be refused.', REWRITE),
  ];
}

/** Evaluations that are late by more than this many intervals. */
const LATE = 3;
/** Milliseconds that a short interval may be exceeded by besides. */
const GRACE = 10_000;

function evaluationFindings(
  ours: readonly LoadedRule[],
  wanted: number,
  { time }: PrometheusFacts,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const rule of ours.filter(({ health }) => health === 'err')) {
    const message = `${nameOf(rule)} cannot be evaluated: ${shown(rule.last_error, 300)}`;
    findings.push(broken('rule-error', message, 'A rule that fails never fires.', REWRITE));
  }
  const waiting = ours.filter(({ last_evaluation }) => last_evaluation === null);
  if (waiting.length > 0) {
    const message = `${some(waiting.map(nameOf))}: loaded, not evaluated yet`;
    findings.push(
      warning('rule-not-evaluated', message, 'Whether it works is not known yet.', 'Ask again in a minute.'),
    );
  }
  const late = ours.filter(
    ({ last_evaluation, interval }) =>
      last_evaluation !== null && time !== null && time - last_evaluation > LATE * interval + GRACE,
  );
  if (late[0] !== undefined) {
    const message = `${some(late.map(nameOf))}: last evaluated ${since(late[0].last_evaluation!, time!)}, every ${inWords(late[0].interval)} is meant`;
    const why = 'Prometheus does not keep up, or hangs: alerts come late or not at all.';
    findings.push(
      warning(
        'rule-late',
        message,
        why,
        "Look at Prometheus's log and at prometheus_rule_group_iterations_missed_total.",
      ),
    );
  }
  const odd = ours.filter(({ interval }) => interval !== wanted);
  if (odd[0] !== undefined) {
    const message = `group ${shown(odd[0].group)} is evaluated every ${inWords(odd[0].interval)}, not every ${inWords(wanted)} as rules.interval says`;
    findings.push(
      warning('rule-interval', message, 'Alerts come sooner or later than the configuration says.', REWRITE),
    );
  }
  return findings;
}
