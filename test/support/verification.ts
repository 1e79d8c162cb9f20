import { expect } from 'vitest';
import { bodyOf, listen } from './http.ts';
import { alertBody, DISK, ended, type Home, type HomeOptions, makeHome, type Service } from './service.ts';
import { eventually } from './wait.ts';

const PATH = '/api/webhooks/1/secret-of-the-tests';

/** A home in which nothing but the outcome of the last run holds a target, every resource for itself. */
export function verifyingHome(action: object, config: HomeOptions['config'] = (document) => document): Home {
  return makeHome({
    config,
    mapping: (mapping) => {
      const [first] = mapping.mappings;
      first.resource_filter = '*';
      first.action = {
        playbook: 'recording',
        version: '1.0',
        cooldown_hours: 0,
        limit_scope: 'resource',
        ...action,
      };
      mapping.global_settings.max_daily_executions = 100;
      return mapping;
    },
  });
}

/** The decision on an alert for `/data`. */
export async function deliver(service: Service, labels: Record<string, string> = {}): Promise<any> {
  const { decisions } = (await (await service.post('/webhook', alertBody(labels))).json()) as any;
  return decisions[0];
}

/** Posts an alert and waits for the end of what it claimed, which went well; the execution. */
export async function run(service: Service): Promise<any> {
  const decision = await deliver(service);
  expect(decision).toMatchObject({ verdict: 'approved' });
  const execution = await ended(service, decision.execution_id);
  expect(execution).toMatchObject({ state: 'succeeded', outcome: null, verified_at: null });
  return execution;
}

/** The forecaster says anew what it forecasts for `/data`, for sure later than `execution` ended; null: nothing. */
export function forecastAfter(
  home: Home,
  { finished_at }: { readonly finished_at: string },
  days: number | null,
): void {
  const observed_at = new Date(Math.max(Date.now(), Date.parse(finished_at) + 2)).toISOString();
  home.writePredictions(days === null ? [] : [{ ...DISK, days_until_critical: days, observed_at }]);
}

/** Waits until an execution has its outcome; the execution. */
export async function verified(service: Service, { id }: { readonly id: string }): Promise<any> {
  return await eventually(
    async () => {
      const execution = await service.json(`/api/v1/executions/${id}`);
      return execution.outcome === null ? null : execution;
    },
    { timeout: 30_000 },
  );
}

interface Told {
  readonly title: string;
  readonly description: string;
  readonly fields: string;
  /** The same fields by their names. */
  readonly named: Readonly<Record<string, string>>;
  readonly url: string | null;
}

/** A server in Discord's place that takes everything; titles and texts in their order, without what escapes markdown. */
export async function discord(): Promise<{
  readonly configure: (document: Record<string, unknown>) => Record<string, unknown>;
  readonly told: () => readonly Told[];
}> {
  const told: Told[] = [];
  const { port } = await listen(async (request, response) => {
    const [{ title, description, fields, url = null }] = JSON.parse(await bodyOf(request)).embeds;
    const plain = (text: string) => text.replaceAll(/\\(.)/g, '$1');
    const named = fields.map(({ name, value }: any) => [plain(name), plain(value)]);
    const texts = { title: plain(title), description: plain(description), fields: plain(JSON.stringify(fields)) };
    told.push({ ...texts, named: Object.fromEntries(named), url });
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"1"}');
  });
  const webhook_url = `http://127.0.0.1:${port}${PATH}`;
  return { configure: (document) => ({ ...document, discord: { webhook_url } }), told: () => told };
}
