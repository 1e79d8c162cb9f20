import { readOptionalJson } from './body.ts';
import { check } from './input.ts';
import { fullErrorBody, HttpProblem } from './problem.ts';
import { JSON_HEADERS, json, jsonText, text } from './respond.ts';
import type { HttpScope, Route } from './route.ts';
import { pauseBody, resumeBody } from './schemas/pauses.ts';
import { pauseOnWire, resumedOnWire } from './wire.ts';

const PROMETHEUS_TEXT = 'text/plain; version=0.0.4; charset=utf-8';

/** Health, metrics, status, the kill switch. */
export function operationRoutes(scope: HttpScope): readonly Route[] {
  const { operations, max_body_bytes } = scope;
  return [
    { method: 'GET', path: '/-/healthy', open: true, handle: async () => text('Forestall is healthy.\n') },
    { method: 'GET', path: '/-/ready', open: true, handle: () => ready(scope) },
    { method: 'POST', path: '/-/reload', handle: () => reload(scope) },
    { method: 'GET', path: '/metrics', handle: async () => text(await operations.metrics(), PROMETHEUS_TEXT) },
    { method: 'GET', path: '/api/v1/status', handle: async () => json(200, await operations.status()) },
    {
      method: 'POST',
      path: '/api/v1/pause',
      handle: async ({ env }) => {
        const given = check(pauseBody, (await readOptionalJson(env.incoming, max_body_bytes)) ?? {}, 'body');
        const { name, reason } = given;
        const length = given.for ?? null;
        const pause = await operations.pause(length === null ? { name, reason } : { name, reason, for: length });
        return json(200, { paused: true, ...pauseOnWire(pause) });
      },
    },
    {
      method: 'POST',
      path: '/api/v1/resume',
      handle: async ({ env }) => {
        const { name, all } = check(resumeBody, (await readOptionalJson(env.incoming, max_body_bytes)) ?? {}, 'body');
        return json(200, resumedOnWire(await operations.resume(all ? null : (name ?? 'manual'))));
      },
    },
  ];
}

async function ready({ operations, stopping }: HttpScope): Promise<Response> {
  if (stopping()) throw new HttpProblem(503, 'stopping', 'the service is stopping');
  const { ok, reason } = await operations.ready();
  if (!ok) return jsonText(503, fullErrorBody('not_ready', reason, []), JSON_HEADERS);
  return json(200, { ready: true, reason });
}

async function reload({ operations }: HttpScope): Promise<Response> {
  const outcome = await operations.reload();
  if (outcome.ok) return json(200, { reloaded: true });
  const issues = outcome.problems.map((message) => ({ path: '', message }));
  const body = fullErrorBody('reload_failed', 'the configuration cannot be used; the old one stays', issues);
  return jsonText(500, body, JSON_HEADERS);
}
