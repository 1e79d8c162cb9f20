import type { Config } from '../config/config.ts';
import { runCommand } from '../playbook/command.ts';
import { createPrometheusClient } from '../prometheus/client.ts';
import { createSafety, type Safety } from '../safety/safety.ts';

/** How long a query may take where its fact does not say, milliseconds. */
const FACT_TIMEOUT = 10_000;

/** The safety checks under one configuration. */
export function safetyOf(config: Config): Safety {
  const prometheus =
    config.prometheus === null ? null : createPrometheusClient({ url: config.prometheus.url, timeout: FACT_TIMEOUT });
  return createSafety({
    facts: config.facts,
    runCommand,
    queryScalar: prometheus === null ? null : (expression, options) => prometheus.queryScalar(expression, options),
    critical_services: config.critical_services,
    backup_units: config.backup_units,
    now: Date.now,
  });
}
