import { readNotification } from '../alert/notification.ts';
import { isObject, own } from '../alert/problem.ts';
import { readJson } from './body.ts';
import { HttpProblem } from './problem.ts';
import { json } from './respond.ts';
import type { HttpContext, HttpScope, Route } from './route.ts';
import { decisionOnWire } from './wire.ts';

/** So many alerts or predictions are decided on in one request. */
export const MAX_ENTRIES = 10_000;

/** Where Alertmanager and Grafana deliver. */
export function webhookRoutes(scope: HttpScope): readonly Route[] {
  return [{ method: 'POST', path: '/webhook', role: 'webhook', handle: (context) => receive(context, scope) }];
}

async function receive({ env }: HttpContext, scope: HttpScope): Promise<Response> {
  refuseWhenStopping(scope);
  const body = await readJson(env.incoming, scope.max_body_bytes);
  refuseTooMany(body);
  const reading = readNotification(body);
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
  const answer = { received: alerts.length, decisions: decisions.map(decisionOnWire) };
  return json(200, truncated > 0 ? { ...answer, truncated } : answer);
}

export function refuseWhenStopping({ stopping }: HttpScope): void {
  if (stopping()) throw new HttpProblem(503, 'stopping', 'the service is stopping: try again later');
}

function refuseTooMany(body: unknown): void {
  const alerts = isObject(body) ? own(body, 'alerts') : undefined;
  if (Array.isArray(alerts) && alerts.length > MAX_ENTRIES) {
    const message = `${alerts.length} alerts are more than the ${MAX_ENTRIES} of one body: set max_alerts, or group them`;
    throw new HttpProblem(413, 'too_large', message);
  }
}
