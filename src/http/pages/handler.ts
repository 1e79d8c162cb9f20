import { LedgerUnavailable } from '../../ledger/ledger.ts';
import { HttpProblem } from '../problem.ts';
import type { HttpContext, HttpScope, Route } from '../route.ts';
import { problemPage } from './layout.ts';
import { pageAnswer } from './respond.ts';

/** Whether who asks may do more than look: the buttons are for them only. */
export function mayAct({ env }: HttpContext, { callerOf }: HttpScope): boolean {
  return callerOf(env.incoming)?.role === 'operate';
}

/** A handler whose refusals are pages: people read them. */
export function forPeople(handle: Route['handle'], { pages, log }: HttpScope): Route['handle'] {
  return async (context: HttpContext) => {
    try {
      return await handle(context);
    } catch (error) {
      const { method, path } = context.req;
      if (error instanceof HttpProblem) {
        if (method !== 'GET')
          log.warn({ method, path, status: error.status, code: error.code }, `refused: ${error.message}`);
        const issues = error.issues.map(({ path: field, message }) =>
          field === '' ? message : `${field}: ${message}`,
        );
        return await pageAnswer(error.status, problemPage('Not done', error.message, issues, pages.now()));
      }
      if (error instanceof LedgerUnavailable) {
        log.error({ err: error, method, path }, 'the store is not available');
        const message = 'The store is not available now, so nothing starts. Try again in a moment.';
        return await pageAnswer(503, problemPage('Store not available', message, [], pages.now()));
      }
      throw error;
    }
  };
}
