import { taggedJson } from './etag.ts';
import { checkQuery } from './input.ts';
import { streamOf } from './output-stream.ts';
import { HttpProblem } from './problem.ts';
import { json, text } from './respond.ts';
import type { HttpContext, HttpScope, Route } from './route.ts';
import { accuracyQuery, decisionsQuery, executionsQuery, outputQuery, sinceOf } from './schemas/queries.ts';
import { accuracyOnWire, decisionOnWire, executionOnWire, pageOnWire } from './wire.ts';

/** What the ledger holds. */
export function recordRoutes(scope: HttpScope): readonly Route[] {
  const { record } = scope;
  return [
    {
      method: 'GET',
      path: '/api/v1/executions',
      handle: async (context) => {
        const filter = withoutUndefined(checkQuery(executionsQuery, context.req.url));
        return taggedJson(context, JSON.stringify(pageOnWire(await record.executions(filter), executionOnWire)));
      },
    },
    {
      method: 'GET',
      path: '/api/v1/executions/:id',
      handle: async (context) => {
        const execution = await record.execution(executionIdOf(context.req.param('id')));
        if (execution === null) throw noExecution();
        return taggedJson(context, JSON.stringify(executionOnWire(execution)));
      },
    },
    { method: 'GET', path: '/api/v1/executions/:id/output', handle: (context) => output(context, scope) },
    {
      method: 'GET',
      path: '/api/v1/decisions',
      handle: async (context) => {
        const filter = withoutUndefined(checkQuery(decisionsQuery, context.req.url));
        return taggedJson(context, JSON.stringify(pageOnWire(await record.decisions(filter), decisionOnWire)));
      },
    },
    {
      method: 'GET',
      path: '/api/v1/accuracy',
      handle: async ({ req }) => {
        const { since, type, resource } = checkQuery(accuracyQuery, req.url);
        const question = { since: sinceOf(since) ?? 0, prediction_type: type, resource };
        return json(200, accuracyOnWire(await record.accuracy(question)));
      },
    },
  ];
}

async function output({ req }: HttpContext, { record, log }: HttpScope): Promise<Response> {
  const id = executionIdOf(req.param('id'));
  const { phase } = checkQuery(outputQuery, req.url);
  const captured = await record.output(id, phase);
  if (captured === null)
    throw new HttpProblem(404, 'not_found', `there is no output of the phase ${phase} of this execution`);
  if (typeof captured === 'string') return text(captured);
  return text(
    streamOf(captured, req.method === 'HEAD', (error) =>
      log.warn({ err: error, execution_id: id }, 'output cannot be read'),
    ),
  );
}

export function noExecution(): HttpProblem {
  return new HttpProblem(404, 'not_found', 'there is no execution with this id');
}

export function executionIdOf(given: string | undefined): string {
  if (given === undefined || !/^[\w.-]{1,128}$/.test(given)) throw noExecution();
  return given;
}

/** Optional fields that are not given are left out. */
export function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, given]) => given !== undefined)) as never;
}
