import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { approvalRoutes } from './approvals.ts';
import { failure } from './failure.ts';
import type { Guard } from './guard.ts';
import { openapiRoutes } from './openapi-routes.ts';
import { operationRoutes } from './operations.ts';
import { pageRoutes } from './pages/routes.ts';
import { predictionRoutes } from './predictions.ts';
import { errorBody } from './problem.ts';
import { recordRoutes } from './record.ts';
import { JSON_HEADERS, jsonText, responseOf } from './respond.ts';
import type { HttpContext, HttpScope, Route } from './route.ts';
import type { Role } from './token.ts';
import { createWebhook, webhookRoutes } from './webhook.ts';

export type Router = Hono<{ Bindings: HttpBindings }>;

/** Every route, each behind the guard. `webhook`: what the service in front of the router answers deliveries with. */
export function createRouter(
  options: Omit<HttpScope, 'callerOf'>,
  guard: Guard,
  webhook = createWebhook(options),
): Router {
  const scope: HttpScope = { ...options, callerOf: guard.callerOf };
  const routes = [
    ...webhookRoutes(webhook),
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
  router.onError((error, { req }) => responseOf(failure(error, req, scope.log)));
  return router;
}

function guarded(route: Route, guard: Guard): (context: HttpContext) => Response | Promise<Response> {
  if (route.open) return route.handle;
  const needed = route.role ?? (route.method === 'GET' ? 'read' : 'operate');
  return (context) => refusal(guard, context.env, needed) ?? route.handle(context);
}

function refusal(guard: Guard, env: HttpBindings | undefined, needed?: Role): Response | null {
  const refused = guard.atTheHandler(env?.incoming, needed);
  return refused === null ? null : responseOf(refused);
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
