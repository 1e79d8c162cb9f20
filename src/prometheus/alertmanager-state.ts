import * as z from 'zod';
import type { Asked, DeliveryCounts } from '../doctor/facts.ts';
import { ask, bodyAs } from './ask.ts';
import { createJsonClient, type JsonRequest } from './http.ts';
import { samplesOf, sumOf } from './samples.ts';

const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

const statusSchema = z.object({
  versionInfo: z.object({ version: z.string() }),
  config: z.object({ original: z.string() }),
});

export interface AlertmanagerStatus {
  readonly version: string;
  /** The configuration that runs, as YAML text with its secrets left out. */
  readonly config: string;
  /** Its time, epoch milliseconds, to the second; null where it does not say. */
  readonly date: number | null;
}

export interface AlertmanagerCounts {
  /** Over the integration `webhook`, since its start. */
  readonly deliveries: DeliveryCounts;
  readonly reloaded: boolean | null;
}

/** How an Alertmanager is set up and fares. No method rejects. */
export interface AlertmanagerState {
  /** Without credentials. */
  readonly url: string;
  status(): Promise<Asked<AlertmanagerStatus>>;
  counts(): Promise<Asked<AlertmanagerCounts>>;
  /** Hands it alerts, as Prometheus does. */
  post(alerts: readonly object[]): Promise<Asked<true>>;
}

export function createAlertmanagerState(options: {
  readonly url: string;
  readonly timeout: number;
}): AlertmanagerState {
  const client = createJsonClient({ server: 'Alertmanager', url: options.url, maxBytes: MAX_ANSWER_BYTES });
  const { timeout } = options;
  const get = (path: string): JsonRequest => ({ method: 'GET', path, timeout });
  return {
    url: client.name.replace(/^Alertmanager at /, ''),
    status: () =>
      ask(client, get('api/v2/status'), (answer) => {
        const { versionInfo, config } = bodyAs(statusSchema)(answer);
        return { version: versionInfo.version, config: config.original, date: answer.date };
      }),
    counts: () =>
      ask(client, get('metrics'), ({ text }) => {
        const count = (name: string) => sumOf(samplesOf(text, name), { integration: 'webhook' });
        const [reloaded] = samplesOf(text, 'alertmanager_config_last_reload_successful');
        return {
          deliveries: {
            requests: count('alertmanager_notification_requests_total'),
            failed: count('alertmanager_notification_requests_failed_total'),
          },
          reloaded: reloaded === undefined ? null : reloaded.value === 1,
        };
      }),
    post: (alerts) =>
      ask(client, { method: 'POST', path: 'api/v2/alerts', json: alerts, timeout }, () => true as const),
  };
}
