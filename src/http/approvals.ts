import type { Answer, Answerer } from '../loop/approval.ts';
import { HttpProblem } from './problem.ts';
import { executionIdOf, noExecution } from './record.ts';
import { JSON_HEADERS, json, jsonText } from './respond.ts';
import type { HttpContext, HttpScope, Route } from './route.ts';
import { refuseWhenStopping } from './webhook.ts';
import { answeredOnWire, executionOnWire } from './wire.ts';

/** For executions that wait for confirmation. */
export function approvalRoutes(scope: HttpScope): readonly Route[] {
  const { approvals } = scope;
  const route = (what: 'approve' | 'reject'): Route => ({
    method: 'POST',
    path: `/api/v1/executions/:id/${what}`,
    async handle(context) {
      refuseWhenStopping(scope);
      const id = executionIdOf(context.req.param('id'));
      return responseOf(await approvals[what](id, answererOf(context, scope)));
    },
  });
  return [route('approve'), route('reject')];
}

/** Name of the token and address of the connection. */
export function answererOf({ env }: HttpContext, { callerOf }: HttpScope): Answerer {
  const caller = callerOf(env.incoming);
  if (caller === null) throw new HttpProblem(401, 'unauthorized', 'a valid token is needed');
  const address = env.incoming.socket?.remoteAddress ?? null;
  return { name: caller.name, from: address?.replace(/^::ffff:(?=\d+\.)/i, '') ?? null };
}

function responseOf(answer: Answer): Response {
  switch (answer.kind) {
    case 'approved':
    case 'denied':
      return json(200, executionOnWire(answer.execution));
    case 'not_found':
      throw noExecution();
    case 'refused':
      return conflict('refused', `${answer.reason}: ${answer.message}`, { reason: answer.reason });
    case 'not_waiting':
      return conflict('not_waiting', notWaitingInWords(answer), {
        state: answer.state,
        answered: answeredOnWire(answer.answered),
      });
  }
}

/** In one shape with every other problem; what programs ask for stands beside the message. */
function conflict(code: 'refused' | 'not_waiting', message: string, more: object): Response {
  return jsonText(409, JSON.stringify({ error: { code, message, issues: [], ...more } }), JSON_HEADERS);
}

/** Why there was nothing to answer, for people. */
export function notWaitingInWords({ state, answered }: Extract<Answer, { kind: 'not_waiting' }>): string {
  const who = answered === null ? '' : `, answered by ${answered.by} at ${new Date(answered.at).toISOString()}`;
  return `it does not wait for an answer: it is ${state}${who}`;
}
