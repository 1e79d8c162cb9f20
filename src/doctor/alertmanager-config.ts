import * as z from 'zod';
import { parseDuration } from '../mapping/duration.ts';
import { type LabelMatcher, parseMatcher } from './matcher.ts';

/** One route as it is written; null is inherited from the route above. Durations are milliseconds. */
export interface RouteNode {
  readonly receiver: string | null;
  readonly matchers: readonly LabelMatcher[];
  readonly continue: boolean;
  /** `...` is every label. */
  readonly group_by: readonly string[] | null;
  readonly group_wait: number | null;
  readonly group_interval: number | null;
  readonly repeat_interval: number | null;
  readonly mute_time_intervals: readonly string[];
  readonly active_time_intervals: readonly string[];
  readonly routes: readonly RouteNode[];
}

export interface Webhook {
  /** Null where this Alertmanager keeps it secret. */
  readonly url: string | null;
  readonly send_resolved: boolean;
  /** 0: all. */
  readonly max_alerts: number;
  /** Milliseconds; null or 0: none of its own. */
  readonly timeout: number | null;
  readonly auth: 'none' | 'bearer' | 'basic' | 'other';
  readonly token_file: string | null;
  readonly proxy: boolean;
}

export interface Receiver {
  readonly name: string;
  readonly webhooks: readonly Webhook[];
  /** Its other integrations: `email`, `slack`, … */
  readonly others: readonly string[];
}

export interface InhibitRule {
  readonly source: readonly LabelMatcher[];
  readonly target: readonly LabelMatcher[];
  readonly equal: readonly string[];
}

export interface AlertmanagerConfig {
  readonly route: RouteNode;
  readonly receivers: readonly Receiver[];
  readonly inhibit_rules: readonly InhibitRule[];
}

/** The configuration as Alertmanager prints it has parts that are not as they should be. */
export class ConfigUnreadable extends Error {
  override readonly name = 'ConfigUnreadable';
}

const texts = z.array(z.string()).nullish();
const pairs = z.record(z.string(), z.coerce.string()).nullish();
const routeSchema = z.looseObject({
  receiver: z.string().nullish(),
  match: pairs,
  match_re: pairs,
  matchers: texts,
  continue: z.boolean().nullish(),
  group_by: texts,
  group_wait: z.string().nullish(),
  group_interval: z.string().nullish(),
  repeat_interval: z.string().nullish(),
  mute_time_intervals: texts,
  active_time_intervals: texts,
  routes: z.array(z.unknown()).nullish(),
});
const httpSchema = z.looseObject({
  authorization: z.looseObject({ type: z.string().nullish(), credentials_file: z.string().nullish() }).nullish(),
  basic_auth: z.looseObject({ password_file: z.string().nullish() }).nullish(),
  bearer_token: z.string().nullish(),
  bearer_token_file: z.string().nullish(),
  oauth2: z.unknown().optional(),
  proxy_url: z.string().nullish(),
  proxy_from_environment: z.boolean().nullish(),
});
const webhookSchema = z.looseObject({
  url: z.string().nullish(),
  send_resolved: z.boolean().nullish(),
  max_alerts: z.number().nullish(),
  timeout: z.string().nullish(),
  http_config: httpSchema.nullish(),
});
const receiverSchema = z.looseObject({ name: z.string(), webhook_configs: z.array(webhookSchema).nullish() });
const inhibitSchema = z.looseObject({
  source_match: pairs,
  source_match_re: pairs,
  source_matchers: texts,
  target_match: pairs,
  target_match_re: pairs,
  target_matchers: texts,
  equal: texts,
});
const configSchema = z.looseObject({
  global: z.looseObject({ http_config: httpSchema.nullish() }).nullish(),
  route: z.unknown().optional(),
  receivers: z.array(receiverSchema).nullish(),
  inhibit_rules: z.array(inhibitSchema).nullish(),
});

/** Reads the document that `/api/v2/status` shows as `config.original`; throws `ConfigUnreadable`. */
export function readAlertmanagerConfig(document: unknown): AlertmanagerConfig {
  const config = parsed(configSchema, document, '');
  return {
    route: readRoute(config.route, 'route'),
    receivers: (config.receivers ?? []).map((receiver) => ({
      name: receiver.name,
      webhooks: (receiver.webhook_configs ?? []).map((webhook) => readWebhook(webhook, config.global?.http_config)),
      others: Object.entries(receiver).flatMap(([key, value]) =>
        /_configs$/.test(key) && key !== 'webhook_configs' && Array.isArray(value) && value.length > 0
          ? [key.replace(/_configs$/, '')]
          : [],
      ),
    })),
    inhibit_rules: (config.inhibit_rules ?? []).map((rule, at) => ({
      source: readMatchers(rule.source_match, rule.source_match_re, rule.source_matchers, `inhibit_rules[${at}]`),
      target: readMatchers(rule.target_match, rule.target_match_re, rule.target_matchers, `inhibit_rules[${at}]`),
      equal: rule.equal ?? [],
    })),
  };
}

function readRoute(document: unknown, path: string): RouteNode {
  const route = parsed(routeSchema, document, path);
  return {
    receiver: route.receiver ?? null,
    matchers: readMatchers(route.match, route.match_re, route.matchers, path),
    continue: route.continue ?? false,
    group_by: route.group_by ?? null,
    group_wait: readDuration(route.group_wait, `${path}.group_wait`),
    group_interval: readDuration(route.group_interval, `${path}.group_interval`),
    repeat_interval: readDuration(route.repeat_interval, `${path}.repeat_interval`),
    mute_time_intervals: route.mute_time_intervals ?? [],
    active_time_intervals: route.active_time_intervals ?? [],
    routes: (route.routes ?? []).map((child, at) => readRoute(child, `${path}.routes[${at}]`)),
  };
}

type Http = z.infer<typeof httpSchema>;

function readWebhook(webhook: z.infer<typeof webhookSchema>, globalHttp: Http | null | undefined): Webhook {
  const http: Http = webhook.http_config ?? globalHttp ?? {};
  const url = webhook.url ?? null;
  return {
    url: url === null || !URL.canParse(url) ? null : url,
    send_resolved: webhook.send_resolved ?? true,
    max_alerts: webhook.max_alerts ?? 0,
    timeout: readDuration(webhook.timeout, 'webhook_configs.timeout'),
    auth: authOf(http, url),
    token_file:
      http.authorization?.credentials_file ?? http.bearer_token_file ?? http.basic_auth?.password_file ?? null,
    proxy: Boolean(http.proxy_url) || http.proxy_from_environment === true,
  };
}

function authOf(http: Http, url: string | null): Webhook['auth'] {
  if (http.authorization != null) return /^bearer$/i.test(http.authorization.type ?? 'Bearer') ? 'bearer' : 'other';
  if (http.bearer_token != null || http.bearer_token_file != null) return 'bearer';
  if (http.basic_auth != null) return 'basic';
  if (http.oauth2 != null) return 'other';
  return url !== null && URL.canParse(url) && new URL(url).password !== '' ? 'basic' : 'none';
}

type Pairs = Readonly<Record<string, string>> | null | undefined;

function readMatchers(
  match: Pairs,
  matchRe: Pairs,
  matchers: readonly string[] | null | undefined,
  path: string,
): readonly LabelMatcher[] {
  return [
    ...Object.entries(match ?? {}).map(([name, value]): LabelMatcher => ({ name, op: '=', value })),
    ...Object.entries(matchRe ?? {}).map(([name, value]): LabelMatcher => ({ name, op: '=~', value })),
    ...(matchers ?? []).map((text) => {
      const matcher = parseMatcher(text);
      if (matcher === null) throw new ConfigUnreadable(`${path}: the matcher ${text} cannot be read`);
      return matcher;
    }),
  ];
}

function readDuration(text: string | null | undefined, path: string): number | null {
  if (text === null || text === undefined) return null;
  const duration = parseDuration(text);
  if (duration === null) throw new ConfigUnreadable(`${path}: ${text} is not a duration`);
  return duration;
}

function parsed<T>(schema: z.ZodType<T>, document: unknown, path: string): T {
  const read = schema.safeParse(document);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = [path, ...(issue?.path.map(String) ?? [])].filter(Boolean).join('.');
  throw new ConfigUnreadable(`${where}: ${issue?.message ?? 'it is not as it should be'}`);
}
