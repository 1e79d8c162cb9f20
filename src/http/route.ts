import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { GuardedRequest } from './guard.ts';
import type { HttpOptions } from './ports.ts';
import type { Caller, Role } from './token.ts';

export type HttpContext = Context<{ Bindings: HttpBindings }>;

/** What a handler works with. */
export interface HttpScope extends HttpOptions {
  /** True once new work is refused. */
  readonly stopping: () => boolean;
  /** Who sent a request that reached a handler; null for one that came around the guard. */
  readonly callerOf: (request: GuardedRequest) => Caller | null;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** `:name` stands for one step of the path. */
  readonly path: string;
  /** Answered without a token. */
  readonly open?: true;
  /** What the token has to be good for; left out: `read` for a GET, `operate` for a POST. */
  readonly role?: Role;
  readonly handle: (context: HttpContext) => Promise<Response>;
}
