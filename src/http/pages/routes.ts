import { errorBody, HttpProblem } from '../problem.ts';
import { JSON_HEADERS, jsonText } from '../respond.ts';
import type { HttpContext, HttpScope, Route } from '../route.ts';
import { actionRoutes } from './actions.ts';
import { assetRoutes } from './assets.ts';
import { createEventHub, EVENT_HEADERS } from './events.ts';
import { forecastRoutes } from './forecast-page.ts';
import { forPeople } from './handler.ts';
import { recordPageRoutes } from './record-pages.ts';
import { statusRoutes } from './status-page.ts';
import { tryRoutes } from './try-pages.ts';

/** The status page, its parts and its actions. */
export function pageRoutes(scope: HttpScope): readonly Route[] {
  const pages = [
    ...statusRoutes(scope),
    ...recordPageRoutes(scope),
    ...tryRoutes(scope),
    ...forecastRoutes(scope),
    ...actionRoutes(scope),
  ];
  return [
    ...pages.map((route) => ({ ...route, handle: forPeople(route.handle, scope) })),
    ...assetRoutes(),
    eventRoute(scope),
  ];
}

function eventRoute({ pages, stopping, log }: HttpScope): Route {
  const hub = createEventHub({
    version: () => pages.version(),
    stopping,
    onError: (error) => log.warn({ err: error }, 'pages cannot be told of changes'),
  });
  return {
    method: 'GET',
    path: '/api/v1/events',
    handle: async ({ req }: HttpContext) => {
      const site = req.header('sec-fetch-site');
      // Another page could not read it, but it would take the place of somebody who may.
      if (site !== undefined && site !== 'same-origin' && site !== 'none') {
        throw new HttpProblem(403, 'forbidden', 'a web page of another origin may not listen');
      }
      if (req.method === 'HEAD') return new Response(null, { headers: EVENT_HEADERS });
      if (stopping()) throw new HttpProblem(503, 'stopping', 'the service is stopping: try again later');
      const body = errorBody('busy', 'too many pages listen: close some');
      return hub.listen() ?? jsonText(503, body, JSON_HEADERS);
    },
  };
}
