import * as z from 'zod';
import type { Asked, LoadedRule, PrometheusFacts, ScrapeTarget } from '../doctor/facts.ts';
import { ask, bodyAs } from './ask.ts';
import { createJsonClient, type JsonRequest } from './http.ts';
import { samplesOf } from './samples.ts';

const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

const texts = z.record(z.string(), z.string()).default({});
/** Go's zero time stands for never. */
const instant = z.string().transform((text) => {
  const at = Date.parse(text);
  return Number.isNaN(at) || at < 0 ? null : at;
});
const success = <T>(data: z.ZodType<T>) => z.object({ status: z.literal('success'), data });

const seconds = z.number().transform((value) => Math.round(value * 1000));
const rulesSchema = success(
  z.object({
    groups: z.array(
      z.object({
        name: z.string(),
        file: z.string(),
        interval: seconds,
        rules: z.array(
          z.object({
            type: z.string(),
            name: z.string(),
            query: z.string(),
            duration: seconds.default(0),
            keepFiringFor: seconds.default(0),
            labels: texts,
            annotations: texts,
            health: z.string(),
            lastError: z.string().default(''),
            lastEvaluation: instant.default(null),
          }),
        ),
      }),
    ),
  }),
);
const targetsSchema = success(
  z.object({
    activeTargets: z.array(
      z.object({
        scrapeUrl: z.string(),
        labels: texts,
        health: z.string(),
        lastError: z.string().default(''),
        lastScrape: instant.default(null),
        scrapeInterval: z.string().optional(),
      }),
    ),
  }),
);
const urls = z.array(z.object({ url: z.string() }).transform(({ url }) => url)).nullish();
const alertmanagersSchema = success(z.object({ activeAlertmanagers: urls, droppedAlertmanagers: urls }));
const vectorSchema = success(
  z.object({
    resultType: z.literal('vector'),
    result: z.array(z.object({ metric: texts, value: z.tuple([z.number(), z.string()]) })),
  }),
);
const scalarSchema = success(z.object({ resultType: z.literal('scalar'), result: z.tuple([z.number(), z.string()]) }));

type Labels = Readonly<Record<string, string>>;

/** How a Prometheus is set up and fares. No method rejects. */
export interface PrometheusState {
  /** Without credentials. */
  readonly url: string;
  version(): Promise<Asked<string>>;
  rules(): Promise<Asked<readonly LoadedRule[]>>;
  /** An expression in Prometheus's own way of writing; null where it cannot say. */
  format(expr: string): Promise<string | null>;
  targets(parseInterval: (text: string) => number | null): Promise<Asked<readonly ScrapeTarget[]>>;
  alertmanagers(): Promise<PrometheusFacts['alertmanagers']>;
  /** The configuration that runs, as YAML text with its secrets left out. */
  config(): Promise<Asked<string>>;
  vector(expr: string): Promise<Asked<readonly { readonly labels: Labels; readonly value: number }[]>>;
  /** Its time, epoch milliseconds. */
  time(): Promise<Asked<number>>;
  /** Whether its last reload succeeded; null where its metrics do not say. */
  reloaded(): Promise<boolean | null>;
}

export function createPrometheusState(options: { readonly url: string; readonly timeout: number }): PrometheusState {
  const client = createJsonClient({ server: 'Prometheus', url: options.url, maxBytes: MAX_ANSWER_BYTES });
  const { timeout } = options;
  const get = (path: string, params: Readonly<Record<string, string>> = {}): JsonRequest => ({
    method: 'GET',
    path,
    params,
    timeout,
  });
  const post = (path: string, query: string): JsonRequest => ({ method: 'POST', path, params: { query }, timeout });
  const map = async <T, U>(asked: Promise<Asked<T>>, change: (value: T) => U): Promise<Asked<U>> => {
    const answer = await asked;
    return answer.ok ? { ok: true, value: change(answer.value) } : answer;
  };

  return {
    url: client.name.replace(/^Prometheus at /, ''),
    version: () =>
      map(
        ask(client, get('api/v1/status/buildinfo'), bodyAs(success(z.object({ version: z.string() })))),
        ({ data }) => data.version,
      ),
    rules: () =>
      map(ask(client, get('api/v1/rules', { type: 'alert' }), bodyAs(rulesSchema)), ({ data }) =>
        data.groups.flatMap(({ name, file, interval, rules }) =>
          rules
            .filter(({ type }) => type === 'alerting')
            .map((rule) => ({
              alert: rule.name,
              expr: rule.query,
              for: rule.duration,
              keep_firing_for: rule.keepFiringFor,
              labels: rule.labels,
              annotations: rule.annotations,
              file,
              group: name,
              interval,
              health: rule.health,
              last_error: rule.lastError,
              last_evaluation: rule.lastEvaluation,
            })),
        ),
      ),
    async format(expr) {
      const answer = await ask(client, post('api/v1/format_query', expr), bodyAs(success(z.string())));
      return answer.ok ? answer.value.data : null;
    },
    targets: (parseInterval) =>
      map(ask(client, get('api/v1/targets', { state: 'active' }), bodyAs(targetsSchema)), ({ data }) =>
        data.activeTargets.map((target) => ({
          url: target.scrapeUrl,
          labels: target.labels,
          health: target.health,
          last_error: target.lastError,
          last_scrape: target.lastScrape,
          interval: target.scrapeInterval === undefined ? null : parseInterval(target.scrapeInterval),
        })),
      ),
    alertmanagers: () =>
      map(ask(client, get('api/v1/alertmanagers'), bodyAs(alertmanagersSchema)), ({ data }) => ({
        active: data.activeAlertmanagers ?? [],
        dropped: data.droppedAlertmanagers ?? [],
      })),
    config: () =>
      map(
        ask(client, get('api/v1/status/config'), bodyAs(success(z.object({ yaml: z.string() })))),
        ({ data }) => data.yaml,
      ),
    vector: (expr) =>
      map(ask(client, post('api/v1/query', expr), bodyAs(vectorSchema)), ({ data }) =>
        data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) })),
      ),
    time: () =>
      map(
        ask(client, post('api/v1/query', 'time()'), bodyAs(scalarSchema)),
        ({ data }) => Number(data.result[1]) * 1000,
      ),
    async reloaded() {
      const answer = await ask(client, get('metrics'), ({ text }) => text);
      const [sample] = answer.ok ? samplesOf(answer.value, 'prometheus_config_last_reload_successful') : [];
      return sample === undefined ? null : sample.value === 1;
    },
  };
}
