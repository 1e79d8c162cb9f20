import { shown } from '../decision/words.ts';
import type { AlertmanagerConfig } from './alertmanager-config.ts';
import type { AlertmanagerFacts, Facts } from './facts.ts';
import { type Finding, ok, some, warning } from './finding.ts';
import type { Labels } from './matcher.ts';
import { inhibits } from './routing.ts';
import { INHIBIT_LINES } from './snippets.ts';
import { alertText, type Surveyed } from './survey.ts';

/** Whether the urgent alert holds back the window alert of the same prediction, and only that one. */
export function inhibitionFindings(
  { regexMatches }: Facts,
  { inhibit_rules }: AlertmanagerConfig,
  surveyed: readonly Surveyed[],
): readonly Finding[] {
  const window = surveyed.map(({ alert }) => alert).filter(({ urgent }) => !urgent);
  const urgent = surveyed.map(({ alert }) => alert).filter((alert) => alert.urgent);
  const held = (source: Labels, target: Labels) =>
    inhibit_rules.some((rule) => inhibits(rule, { source, target }, regexMatches) === true);
  const pairs = urgent.flatMap((source) =>
    window.filter((target) => isSamePrediction(source.labels, target.labels)).map((target) => ({ source, target })),
  );
  if (pairs.length === 0) return [];
  const free = pairs.filter(({ source, target }) => !held(source.labels, target.labels));
  const wide = pairs.filter(({ source, target }) =>
    OTHERS.some((other) => held({ ...source.labels, ...other }, target.labels)),
  );
  const findings: Finding[] = [];
  if (free.length > 0) {
    const message = `${some(free.map(({ source, target }) => `${shown(source.name)} does not hold back ${shown(alertText(target))}`))}`;
    const why =
      'While people are told to act, the same prediction is delivered as if automation could (it is refused as too urgent).';
    findings.push(warning('inhibition', message, why, INHIBIT_LINES));
  }
  if (wide.length > 0) {
    const message = `${some(wide.map(({ source, target }) => `${shown(source.name)} of any resource or host holds back ${shown(alertText(target))}`))}`;
    findings.push(
      warning('inhibition-wide', message, 'One urgent prediction stops automation for others.', INHIBIT_LINES),
    );
  }
  return findings.length > 0
    ? findings
    : [ok('inhibition', 'an urgent alert holds back the window alert of the same prediction, and no other')];
}

/** What makes an alert one of another prediction. */
const OTHERS: readonly Labels[] = [
  { resource: '\u0001another' },
  { host: '\u0001another' },
  { prediction_type: '\u0001another' },
];

function isSamePrediction(one: Labels, other: Labels): boolean {
  return ['prediction_type', 'resource', 'host', 'mapping'].every((name) => one[name] === other[name]);
}

/** Alerts that are silenced now. */
export function silenceFindings({ silencedBy }: AlertmanagerFacts, surveyed: readonly Surveyed[]): readonly Finding[] {
  if (!silencedBy.ok) {
    const why = 'Whether a silence covers our alerts cannot be told; `forestall run` takes that for a silence.';
    return [
      warning('silences', silencedBy.trouble.message, why, 'Let GET /api/v2/silences be asked from this machine.'),
    ];
  }
  const silenced = surveyed.flatMap(({ alert }) => {
    const silence = silencedBy.value(alert.labels);
    return silence === null ? [] : [{ alert, silence }];
  });
  return [...new Set(silenced.map(({ silence }) => silence))].map((silence) => {
    const covered = silenced.filter((one) => one.silence === silence).map(({ alert }) => shown(alertText(alert)));
    const id = /^silence (\S+)/.exec(silence)?.[1] ?? 'ID';
    const message = `${some(covered)}: ${shown(silence, 400)}`;
    return warning(
      'silenced',
      message,
      'While it lasts Alertmanager delivers none of these.',
      `amtool silence expire ${id}   # when it is not meant`,
    );
  });
}
