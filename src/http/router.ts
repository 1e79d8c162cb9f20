import { randomUUID } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { LedgerUnavailable } from '../ledger/ledger.ts';
import { approvalRoutes } from './approvals.ts';
import type { Guard } from './guard.ts';
import { openapiRoutes } from './openapi-routes.ts';
import { operationRoutes } from './operations.ts';
import { pageRoutes } from './pages/routes.ts';
import { predictionRoutes } from './predictions.ts';
import { type ErrorCode, errorBody, HttpProblem } from './problem.ts';
import { recordRoutes } from './record.ts';
import { JSON_HEADERS, jsonText } from './respond.ts';
import type { HttpContext, HttpScope, Route } from './route.ts';
import type { Role } from './token.ts';
import { webhookRoutes } from './webhook.ts';

export type Router = Hono<{ Bindings: HttpBindings }>;

/** Every route, each behind the guard. */
export function createRouter(options: Omit<HttpScope, 'callerOf'>, guard: Guard): Router {
  const scope: HttpScope = { ...options, callerOf: guard.callerOf };
  const routes = [
    ...webhookRoutes(scope),
    ...predictionRoutes(scope),
    ...recordRoutes(scope),
    ...approvalRoutes(scope),
    ...operationRoutes(scope),
    ...openapiRoutes(scope),
    ...pageRoutes(scope),
  ];
  const router: Router = new Hono();
  for (const route of routes) router.on(route.method, route.path, guarded(route, guard));
  const methodsOf = methodTable(routes);

  router.notFound(({ env, req }) => {
    const refused = refusal(guard, env);
    if (refused !== null) return refused;
    const methods = methodsOf(req.path);
    if (methods === null) return jsonText(404, errorBody('not_found', 'there is nothing at this path'), JSON_HEADERS);
    const body = errorBody('method_not_allowed', `this path takes ${methods}`);
    return jsonText(405, body, { ...JSON_HEADERS, allow: methods });
  });
  router.onError((error, context) => failure(error, context, scope));
  return router;
}

function guarded(route: Route, guard: Guard): (context: HttpContext) => Response | Promise<Response> {
  if (route.open) return route.handle;
  const needed = route.role ?? (route.method === 'GET' ? 'read' : 'operate');
  return (context) => refusal(guard, context.env, needed) ?? route.handle(context);
}

function refusal(guard: Guard, env: HttpBindings | undefined, needed?: Role): Response | null {
  const refused = guard.atTheHandler(env?.incoming, needed);
  return refused === null ? null : jsonText(refused.status, refused.body, refused.headers);
}

/** The methods of the route with this path, as `Allow` lists them; null where no route has it. */
function methodTable(routes: readonly Route[]): (path: string) => string | null {
  const patterns = new Map<string, string[]>();
  for (const { method, path } of routes) {
    const methods = method === 'GET' ? ['GET', 'HEAD'] : [method];
    patterns.set(path, [...(patterns.get(path) ?? []), ...methods]);
  }
  const table = Array.from(patterns, ([path, methods]) => ({
    pattern: new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`),
    methods: methods.join(', '),
  }));
  return (path) => table.find(({ pattern }) => pattern.test(path))?.methods ?? null;
}

/** Turns what a handler threw into an answer. The process lives on whatever it was. */
function failure(error: unknown, { req }: HttpContext, { log, onWebhookRefused }: HttpScope): Response {
  const { method, path } = req;
  if (path === '/webhook') onWebhookRefused?.(codeOf(error));
  if (error instanceof HttpProblem) {
    const { status, code, message, issues } = error;
    if (method !== 'GET') log.warn({ method, path, status, code, issues: issues.slice(0, 3) }, `refused: ${message}`);
    return jsonText(status, errorBody(code, message, issues), JSON_HEADERS);
  }
  if (error instanceof LedgerUnavailable) {
    log.error({ err: error, method, path }, 'the store is not available');
    return jsonText(503, errorBody('store_unavailable', 'the store is not available: try again'), JSON_HEADERS);
  }
  const request_id = randomUUID();
  log.error({ err: error, method, path, request_id }, 'a request could not be handled');
  return jsonText(
    500,
    errorBody('internal', `something went wrong here: see request_id ${request_id} in the log`),
    JSON_HEADERS,
  );
}

function codeOf(error: unknown): ErrorCode {
  if (error instanceof HttpProblem) return error.code;
  return error instanceof LedgerUnavailable ? 'store_unavailable' : 'internal';
}
