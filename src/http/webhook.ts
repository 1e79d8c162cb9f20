import type { IncomingMessage } from 'node:http';
import { readNotification } from '../alert/notification.ts';
import { isObject, own } from '../alert/problem.ts';
import { createReadAlert } from '../alert/read-again.ts';
import type { readAlert } from '../alert/read-alert.ts';
import { inTurns, nextTurn } from '../in-turns.ts';
import { readJson } from './body.ts';
import { decisionParts, joined } from './decision-bytes.ts';
import { codeOf, failure } from './failure.ts';
import type { HttpOptions } from './ports.ts';
import { HttpProblem } from './problem.ts';
import { type Answer, JSON_HEADERS, responseOf } from './respond.ts';
import type { HttpScope, Route } from './route.ts';

/** So many alerts or predictions are decided on in one request. */
export const MAX_ENTRIES = 10_000;

/** From so many alerts on, reading a body and writing its answer are turns of their own: each takes milliseconds. */
const MANY = 500;

/** An alert as it was read is kept for this long, milliseconds: in a storm it comes again. */
const READ_FOR = 1_000;

const METHOD = 'POST';
const PATH = '/webhook';

/** Answers a delivery that may be handled. Never rejects. */
export type Webhook = (incoming: IncomingMessage) => Promise<Answer>;

type WebhookScope = Pick<HttpScope, 'stopping'> &
  Pick<HttpOptions, 'max_body_bytes' | 'onWebhook' | 'onWebhookRefused' | 'decisions' | 'log'>;

export function createWebhook(scope: WebhookScope): Webhook {
  const read = createReadAlert((forget) => void setTimeout(forget, READ_FOR).unref());
  return async (incoming) => {
    try {
      return await receive(incoming, scope, read);
    } catch (error) {
      scope.onWebhookRefused?.(codeOf(error));
      return failure(error, { method: METHOD, path: PATH }, scope.log);
    }
  };
}

/** True for a request that is a delivery, spelled as every sender does. */
export function isDelivery({ method, url }: Pick<IncomingMessage, 'method' | 'url'>): boolean {
  return method === METHOD && url === PATH;
}

/** Where Alertmanager and Grafana deliver. */
export function webhookRoutes(webhook: Webhook): readonly Route[] {
  return [
    {
      method: METHOD,
      path: PATH,
      role: 'webhook',
      handle: async ({ env }) => responseOf(await webhook(env.incoming)),
    },
  ];
}

async function receive(incoming: IncomingMessage, scope: WebhookScope, read: typeof readAlert): Promise<Answer> {
  refuseWhenStopping(scope);
  const body = await readJson(incoming, scope.max_body_bytes);
  const isLarge = countWithinLimit(body) > MANY;
  if (isLarge) await nextTurn();
  const reading = readNotification(body, read);
  if (isLarge) await nextTurn();
  if (!reading.ok) {
    throw new HttpProblem(400, 'bad_request', 'no alert in this body can be read', reading.problems);
  }
  const { notification } = reading;
  const { sender, alerts, truncated } = notification;
  scope.onWebhook({
    receiver_kind: sender,
    alerts: alerts.map((read) => ({ status: read.ok ? read.alert.status : 'unreadable' })),
    truncated,
  });
  if (truncated > 0) {
    const fields = { sender, receiver: notification.receiver, received: alerts.length, truncated };
    scope.log.warn(fields, 'the sender cut alerts off: raise max_alerts of the receiver');
  }
  const decisions = await scope.decisions.receive(notification);
  const parts = await inTurns(decisions, decisionParts);
  if (isLarge) await nextTurn();
  const cut = truncated > 0 ? `,"truncated":${truncated}` : '';
  const answer = joined(`{"received":${alerts.length},"decisions":[`, parts, `]${cut}}`);
  return { status: 200, headers: JSON_HEADERS, body: answer };
}

export function refuseWhenStopping({ stopping }: Pick<HttpScope, 'stopping'>): void {
  if (stopping()) throw new HttpProblem(503, 'stopping', 'the service is stopping: try again later');
}

/** How many alerts there are, where that can be said. */
function countWithinLimit(body: unknown): number {
  const alerts = isObject(body) ? own(body, 'alerts') : undefined;
  if (Array.isArray(alerts) && alerts.length > MAX_ENTRIES) {
    const message = `${alerts.length} alerts are more than the ${MAX_ENTRIES} of one body: set max_alerts, or group them`;
    throw new HttpProblem(413, 'too_large', message);
  }
  return Array.isArray(alerts) ? alerts.length : 0;
}
