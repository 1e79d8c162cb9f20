import { parse } from 'yaml';
import type { Config } from '../config/config.ts';
import { diagnose } from '../doctor/diagnose.ts';
import type { ExpectedRule, Facts } from '../doctor/facts.ts';
import type { Finding } from '../doctor/finding.ts';
import { parseDuration } from '../mapping/duration.ts';
import { generateRules } from '../mapping/rules.ts';
import { regexMatches } from '../prometheus/matcher-regex.ts';
import { examineAlertmanager } from './doctor/alertmanager.ts';
import { examinePrometheus } from './doctor/prometheus.ts';
import { sendTestAlert } from './doctor/send-test-alert.ts';
import { createOwnService, selfAddress } from './doctor/service.ts';

/** How long each question may take, milliseconds. */
const TIMEOUT = 5_000;

export interface ExamineOptions {
  /** Hand Alertmanager an alert that ends here and is ignored; nothing is posted otherwise. */
  readonly sendTestAlert: boolean;
}

/** Asks the live Prometheus, Alertmanager and service, and says whether the loop between them is closed. */
export async function examine(config: Config, options: ExamineOptions): Promise<readonly Finding[]> {
  const rules = rulesFrom(config);
  const own = createOwnService(config, TIMEOUT);
  const { prometheus, alertmanager } = config;
  const [service, examined, alerting] = await Promise.all([
    own.facts(),
    prometheus === null ? null : examinePrometheus({ url: prometheus.url, timeout: TIMEOUT }, rules),
    alertmanager === null ? null : examineAlertmanager({ url: alertmanager.url, timeout: TIMEOUT }, config),
  ]);
  const facts: Facts = {
    expected: {
      mapping: config.mapping,
      mapping_file: config.mapping_file,
      rules,
      interval: config.rules.interval,
      retry_after: config.execution.retry_after,
      address: selfAddress(config),
      has_token: config.web.bearer_token !== null || config.web.tokens.length > 0,
      has_discord: config.discord !== null,
    },
    service,
    prometheus: examined?.facts ?? null,
    alertmanager: alerting,
    targets: examined?.targets ?? [],
    test: null,
    regexMatches,
  };
  if (!options.sendTestAlert || alertmanager === null) return diagnose(facts);
  const test = await sendTestAlert(facts, { url: alertmanager.url, timeout: TIMEOUT }, own);
  return diagnose({ ...facts, test });
}

interface WrittenRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The rules as the generated file holds them. */
function rulesFrom(config: Config): readonly ExpectedRule[] {
  const document = parse(generateRules(config.mapping, config.rules)) as {
    readonly groups: readonly { readonly rules: readonly WrittenRule[] }[];
  };
  return document.groups.flatMap(({ rules }) =>
    rules.map(({ for: wait, keep_firing_for: keep, ...rule }) => ({
      ...rule,
      for: parseDuration(wait ?? '0') ?? 0,
      keep_firing_for: parseDuration(keep ?? '0') ?? 0,
    })),
  );
}
