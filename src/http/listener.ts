import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Guard } from './guard.ts';
import { errorBody } from './problem.ts';
import { JSON_HEADERS, jsonText } from './respond.ts';
import type { HttpScope } from './route.ts';
import { createRouter } from './router.ts';
import type { Webhook } from './webhook.ts';

/** Answers a request. Never rejects. */
export type Listener = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;

/** The router and its adapter, with all that they load: a fifth of a start. Deliveries need none of it. */
export function createListener(scope: Omit<HttpScope, 'callerOf'>, guard: Guard, webhook: Webhook): Listener {
  const router = createRouter(scope, guard, webhook);
  return getRequestListener(router.fetch, {
    hostname: 'localhost',
    errorHandler: () => jsonText(400, errorBody('bad_request', 'this is not a valid HTTP request'), JSON_HEADERS),
  });
}
