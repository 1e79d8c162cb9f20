import { inWords, shown, since } from '../decision/words.ts';
import { whose, withoutCredentials } from './address.ts';
import type { ExpectedFacts, Facts, PrometheusFacts, ScrapeTarget } from './facts.ts';
import { broken, type Finding, note, ok, some, warning } from './finding.ts';
import type { Labels } from './matcher.ts';
import { scrapeLines } from './snippets.ts';

const WHY = "Rules are asked of what Prometheus scrapes: without this service's gauges no alert can fire.";
/** Series are gone for rules after so long without a scrape, milliseconds (`--query.lookback-delta`). */
const LOOKBACK = 300_000;
const LATE = 3;
const GRACE = 10_000;

/** Whether Prometheus scrapes this very process, often enough, and keeps its labels. */
export function scrapeFindings(facts: Facts, prometheus: PrometheusFacts): readonly Finding[] {
  const { expected } = facts;
  const lines = scrapeLines(expected.address, expected.has_token);
  if (!prometheus.targets.ok) {
    return [
      broken('scrape', prometheus.targets.trouble.message, WHY, 'Let GET /api/v1/targets be asked from this machine.'),
    ];
  }
  const found = findTarget(facts, prometheus, prometheus.targets.value);
  if (found === null) {
    const message = `none of the ${prometheus.targets.value.length} targets of Prometheus is this service`;
    return [broken('scrape-missing', message, WHY, lines)];
  }
  const { target, certain } = found;
  const name = `${shown(withoutCredentials(target.url))} (job ${shown(target.labels['job'] ?? '?')})`;
  if (target.health === 'unknown' || target.last_scrape === null) {
    return [warning('scrape-pending', `the target ${name} has not been scraped yet`, WHY, 'Ask again in a minute.')];
  }
  if (target.health !== 'up') return [downFinding(name, target, expected)];
  const findings = [...lateFindings(name, target, prometheus), ...labelFindings(target, prometheus, expected)];
  if (!certain && facts.service.metrics.ok) {
    const message = `${name} is up, but what Prometheus knows of it is not from this process`;
    const why = 'It was restarted within the last scrape interval, or another instance answers there.';
    findings.push(
      warning('scrape-other-process', message, why, `# ask again in a minute; else point the target here:\n${lines}`),
    );
  }
  return findings.length > 0
    ? findings
    : [ok('scrape', `Prometheus scrapes this service: ${name}, up, every ${inWords(target.interval ?? 0)}`)];
}

interface FoundTarget {
  readonly target: ScrapeTarget;
  /** The series that it brought are of this very process. */
  readonly certain: boolean;
}

function findTarget(
  { service, expected }: Facts,
  { instances }: PrometheusFacts,
  targets: readonly ScrapeTarget[],
): FoundTarget | null {
  const start = service.metrics.ok ? service.metrics.value.start : null;
  const known = instances.ok ? instances.value : [];
  const isOf = (target: ScrapeTarget, labels: Labels) =>
    target.labels['job'] === labels['job'] && target.labels['instance'] === labels['instance'];
  const own = known.filter((instance) => start !== null && instance.start === start);
  const proven = targets.find((target) => own.some(({ labels }) => isOf(target, labels)));
  if (proven !== undefined) return { target: proven, certain: true };
  const at = (answer: 'ours' | 'perhaps') => targets.filter(({ url }) => whose(url, expected.address) === answer);
  const [candidate] = [
    ...at('ours'),
    ...at('perhaps').filter((target) => known.some(({ labels }) => isOf(target, labels))),
  ];
  return candidate === undefined ? null : { target: candidate, certain: false };
}

function downFinding(name: string, { last_error }: ScrapeTarget, { address, has_token }: ExpectedFacts): Finding {
  const message = `Prometheus cannot scrape ${name}: ${shown(last_error, 200)}`;
  if (/\b401\b/.test(last_error)) {
    const change = `${scrapeLines(address, true)}\n# the file holds the token of web.bearer_token_file (or one of web.tokens), readable by prometheus`;
    return broken('scrape-unauthorized', message, `It brings no token of this service, or a wrong one. ${WHY}`, change);
  }
  if (/\b404\b/.test(last_error)) {
    return broken(
      'scrape-path',
      message,
      `The gauges are at /metrics. ${WHY}`,
      scrapeLines(address, has_token, ['metrics_path: /metrics']),
    );
  }
  if (/deadline exceeded|timeout/i.test(last_error)) {
    return broken(
      'scrape-timeout',
      message,
      WHY,
      scrapeLines(address, has_token, ['scrape_interval: 30s', 'scrape_timeout: 10s']),
    );
  }
  return broken(
    'scrape-down',
    message,
    WHY,
    `# start the service (forestall serve), or correct its address:\n${scrapeLines(address, has_token)}`,
  );
}

function lateFindings(name: string, { interval, last_scrape }: ScrapeTarget, { time }: PrometheusFacts): Finding[] {
  if (interval === null) return [];
  const findings: Finding[] = [];
  const slower = `every ${inWords(interval)}`;
  const change = '    scrape_interval: 30s         # prometheus.yml, in the job of forestall';
  if (interval >= LOOKBACK) {
    const why = 'Series vanish for rules five minutes after a scrape: the alerts flap, `for` is never over.';
    findings.push(broken('scrape-interval', `Prometheus scrapes ${name} only ${slower}`, why, change));
  } else if (2 * interval > LOOKBACK) {
    const why = 'One scrape that fails makes every series vanish for rules, and the alerts resolve.';
    findings.push(warning('scrape-interval', `Prometheus scrapes ${name} only ${slower}`, why, change));
  }
  if (time !== null && last_scrape !== null && time - last_scrape > LATE * interval + GRACE) {
    const message = `Prometheus last scraped ${name} ${since(last_scrape, time)}, ${slower} is meant`;
    findings.push(warning('scrape-late', message, WHY, "Look at Prometheus's log: it does not keep up."));
  }
  return findings;
}

/** What tells our series apart; a target label of the same name pushes ours aside. */
const OWN_LABELS = ['prediction_type', 'resource', 'host', 'source'];

function labelFindings(
  target: ScrapeTarget,
  { predictions }: PrometheusFacts,
  { address, has_token }: ExpectedFacts,
): Finding[] {
  const clashing = OWN_LABELS.filter((name) => Object.hasOwn(target.labels, name));
  const series = predictions.ok ? predictions.value : [];
  const pushed = OWN_LABELS.filter((name) => series.some((labels) => (labels[`exported_${name}`] ?? '') !== ''));
  if (pushed.length > 0) {
    const message = `the scrape job sets its own ${some(pushed)}: ours became ${some(pushed.map((name) => `exported_${name}`))}`;
    const why = 'Alerts then name a resource or host that no prediction has.';
    return [broken('scrape-labels', message, why, scrapeLines(address, has_token, ['honor_labels: true']))];
  }
  if (clashing.length === 0) return [];
  const message = `the scrape job gives every series the label ${some(clashing)}, which is one of ours`;
  const why = 'A prediction that has none of its own is then known to Prometheus under another name than here.';
  return [
    warning(
      'scrape-labels',
      message,
      why,
      `# prometheus.yml: remove ${some(clashing)} from the labels of the job forestall`,
    ),
  ];
}

/** Whether there is anything that could fire. */
export function predictionFindings({ predictions }: PrometheusFacts): readonly Finding[] {
  if (!predictions.ok || predictions.value.length > 0) return [];
  return [
    note(
      'predictions',
      'Prometheus knows no prediction now: no alert can fire until there is one',
      null,
      'forestall check --probe   # whether the sources can be read',
    ),
  ];
}
