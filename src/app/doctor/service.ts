import { hostname, networkInterfaces } from 'node:os';
import type { Config } from '../../config/config.ts';
import { type SelfAddress, sameServer } from '../../doctor/address.ts';
import type { ServiceFacts } from '../../doctor/facts.ts';
import { ask } from '../../prometheus/ask.ts';
import { createJsonClient, type JsonClient } from '../../prometheus/http.ts';
import { samplesOf, sumOf } from '../../prometheus/samples.ts';

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** What this service has counted, by its own metrics. */
export interface OwnCounts {
  readonly start: number | null;
  readonly received: number;
  /** Alerts that were ignored as no prediction. */
  readonly ignored: number;
}

/** This service as its own client. */
export interface OwnService {
  facts(): Promise<ServiceFacts>;
  counts(): Promise<OwnCounts | null>;
}

export function selfAddress({ web }: Config): SelfAddress {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
  const names = [hostname(), 'host.docker.internal', 'host.containers.internal'];
  return {
    hosts: [...names, ...addresses].map((host) => host.toLowerCase()),
    port: web.port === 0 ? null : web.port,
    external_url: web.external_url,
  };
}

/** The service where it listens; at its `external_url` where the port is not known. */
export function createOwnService(config: Config, timeout: number): OwnService {
  const { host, port, external_url } = config.web;
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const direct = `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
  const url = port === 0 ? external_url : direct;
  const open = createJsonClient({ server: 'Forestall', url, maxBytes: MAX_ANSWER_BYTES });
  const known = createJsonClient({ server: 'Forestall', url: withToken(url, config), maxBytes: MAX_ANSWER_BYTES });
  const { hosts } = selfAddress(config);

  const healthyAt = (client: JsonClient) =>
    ask(client, { method: 'GET', path: '-/healthy', timeout }, () => true as const);
  const metrics = () =>
    ask(known, { method: 'GET', path: 'metrics', timeout }, ({ text }): OwnCounts => {
      const [start] = samplesOf(text, 'process_start_time_seconds');
      return {
        start: start?.value ?? null,
        received: sumOf(samplesOf(text, 'proactive_remediation_webhook_alerts_total'), { status: 'firing' }),
        ignored: sumOf(samplesOf(text, 'proactive_remediation_decisions_total'), { reason: 'not_a_prediction' }),
      };
    });

  return {
    async facts() {
      const elsewhere = sameServer(url, external_url, hosts) !== 'ours' && config.web.port !== 0;
      const external = createJsonClient({ server: 'Forestall', url: external_url, maxBytes: MAX_ANSWER_BYTES });
      const [healthy, outside, counts, status] = await Promise.all([
        healthyAt(open),
        elsewhere ? healthyAt(external) : null,
        metrics(),
        ask(known, { method: 'GET', path: 'api/v1/status', timeout }, ({ body }) => body as { paused_by?: unknown }),
      ]);
      const paused = status.ok ? status.value?.paused_by : null;
      return {
        url,
        healthy,
        external: outside,
        metrics: counts,
        paused_by: typeof paused === 'string' ? paused : null,
      };
    },
    async counts() {
      const answer = await metrics();
      return answer.ok ? answer.value : null;
    },
  };
}

/** Any token may read metrics; the client sends what stands in the URL as basic auth. */
function withToken(url: string, { web }: Config): string {
  const token = web.bearer_token ?? web.tokens.find(({ role }) => role !== 'webhook')?.token ?? web.tokens[0]?.token;
  if (token === undefined) return url;
  const known = new URL(url);
  known.username = 'doctor';
  known.password = encodeURIComponent(token.reveal());
  return known.href;
}
