import { parse } from 'yaml';
import { readText } from './source-text.ts';

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The alerts of a rule file of this project, by its path from the root. */
export function alertsOf(file: string): readonly AlertRule[] {
  const { groups } = parse(readText(file)) as { groups: { rules: AlertRule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

/** The jobs that deploy/prometheus/prometheus.yml scrapes. */
export function shippedJobs(): readonly string[] {
  const { scrape_configs } = parse(readText('deploy/prometheus/prometheus.yml')) as {
    scrape_configs: { job_name: string }[];
  };
  return scrape_configs.map(({ job_name }) => job_name);
}
