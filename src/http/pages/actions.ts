import { html } from 'hono/html';
import { answererOf, notWaitingInWords } from '../approvals.ts';
import { check } from '../input.ts';
import { HttpProblem } from '../problem.ts';
import { executionIdOf, noExecution } from '../record.ts';
import type { HttpContext, HttpScope, Route } from '../route.ts';
import { pauseBody, resumeBody } from '../schemas/pauses.ts';
import { refuseWhenStopping } from '../webhook.ts';
import { readForm } from './form.ts';
import { decisionList } from './history.ts';
import { shell } from './layout.ts';
import { pageAnswer, seeOther } from './respond.ts';
import { counted } from './words.ts';

/** What the buttons of the pages do; each answers with the page that shows what came of it. */
export function actionRoutes(scope: HttpScope): readonly Route[] {
  const answer = (what: 'approve' | 'reject'): Route => ({
    method: 'POST',
    path: `/executions/:id/${what}`,
    handle: (context) => answerTo(what, context, scope),
  });
  return [
    { method: 'POST', path: '/pause', handle: (context) => pause(context, scope) },
    { method: 'POST', path: '/resume', handle: (context) => resume(context, scope) },
    answer('approve'),
    answer('reject'),
  ];
}

async function pause({ env }: HttpContext, { operations }: HttpScope): Promise<Response> {
  const given = Object.entries(await readForm(env.incoming)).filter(([, value]) => value.trim() !== '');
  const { name, reason, for: length } = check(pauseBody, Object.fromEntries(given), 'form');
  await operations.pause(length == null ? { name, reason } : { name, reason, for: length });
  return seeOther('/');
}

async function resume({ env }: HttpContext, { operations, pages }: HttpScope): Promise<Response> {
  const { name } = check(resumeBody, await readForm(env.incoming), 'form');
  if (name === undefined)
    throw new HttpProblem(400, 'bad_request', 'the form cannot be used', [{ path: 'name', message: 'is missing' }]);
  const { refused } = await operations.resume(name);
  if (refused.count === 0) return seeOther('/');
  const now = pages.now();
  const content = html`<section class="panel narrow"><h1>${name} is lifted</h1>
<p>${counted(refused.count, 'decision was', 'decisions were')} refused meanwhile. What still fires is decided on when its alert comes again.</p>
${decisionList(refused.items, now)}
<p><a href="/">Back to the status page</a></p></section>`;
  return await pageAnswer(200, shell({ title: 'Resumed', version: null, now }, content));
}

async function answerTo(what: 'approve' | 'reject', context: HttpContext, scope: HttpScope): Promise<Response> {
  refuseWhenStopping(scope);
  const id = executionIdOf(context.req.param('id'));
  await readForm(context.env.incoming);
  const answer = await scope.approvals[what](id, answererOf(context, scope));
  switch (answer.kind) {
    case 'approved':
    case 'denied':
      return seeOther(`/executions/${id}`);
    case 'not_found':
      throw noExecution();
    case 'refused':
      throw new HttpProblem(
        409,
        'refused',
        `It goes on waiting, it must not run now: ${answer.reason}: ${answer.message}`,
      );
    case 'not_waiting':
      throw new HttpProblem(409, 'not_waiting', notWaitingInWords(answer));
  }
}
