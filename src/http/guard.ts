import type { IncomingMessage } from 'node:http';
import { createOriginCheck, isLoopback } from './origin.ts';
import type { HttpOptions } from './ports.ts';
import { errorBody } from './problem.ts';
import { type Answer, JSON_HEADERS } from './respond.ts';
import { type Caller, createTokenCheck, may, type Role, type Token } from './token.ts';

export type GuardedRequest = Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'rawHeaders'>;

/** Who asks where no token is configured: a program of this machine. */
const ANYBODY: Caller = { name: 'anonymous', role: 'operate' };

export type Refusal = Answer;

/** Says why a request may not be handled; null when it may. */
export interface Guard {
  /** For what comes in: the open paths are let through. */
  atTheDoor(request: GuardedRequest): Refusal | null;
  /**
   * For a handler that is not open, whatever the path looked like at the door. `needed`: the role that its callers have
   * to have; left out, any will do.
   */
  atTheHandler(request: GuardedRequest | undefined, needed?: Role): Refusal | null;
  /** Who sent a request that was let through. */
  callerOf(request: GuardedRequest): Caller | null;
}

export const UNAUTHORIZED: Refusal = {
  status: 401,
  headers: {
    ...JSON_HEADERS,
    'www-authenticate': 'Basic realm="forestall", charset="UTF-8", Bearer realm="forestall"',
  },
  body: errorBody('unauthorized', 'a valid token is needed: Authorization: Bearer TOKEN'),
};

const UNKNOWN_HOST: Refusal = {
  status: 403,
  headers: JSON_HEADERS,
  body: errorBody('forbidden', 'this host name is not known here: set web.external_url to it, or configure a token'),
};

const FOREIGN_PAGE: Refusal = {
  status: 403,
  headers: JSON_HEADERS,
  body: errorBody('forbidden', 'a web page of another origin may not do this'),
};

function wrongRole({ name, role }: Caller, needed: Role): Refusal {
  const message = `the token ${name} has the role ${role}; this needs ${needed === 'operate' ? 'operate' : `${needed} or operate`}`;
  return { status: 403, headers: JSON_HEADERS, body: errorBody('forbidden', message) };
}

/** Every token that is configured; `bearer_token` is the one with the name `default`. */
export function tokensOf({ token, tokens }: Pick<HttpOptions, 'token' | 'tokens'>): readonly Token[] {
  const value = token();
  const others = tokens?.() ?? [];
  return value === null ? others : [{ name: 'default', role: 'operate', value }, ...others];
}

/** Answered to everybody. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/-/healthy', '/-/ready']);

/**
 * The one rule for who may ask what. It stands in front of the router and again around each handler, so that no spelling
 * of a path finds a handler without it.
 */
export function createGuard(options: Pick<HttpOptions, 'host' | 'external_url' | 'token' | 'tokens'>): Guard {
  const origins = createOriginCheck(options.host, options.external_url);
  const callerWith = createTokenCheck();
  const mayLackToken = isLoopback(options.host);
  /** Requests that passed by the rule itself: the tokens need not be compared again behind the router. */
  const passed = new WeakMap<GuardedRequest, Caller>();

  const whoAsks = (request: GuardedRequest): Caller | Refusal => {
    const tokens = tokensOf(options);
    let caller: Caller | null = ANYBODY;
    if (tokens.length === 0) {
      if (!mayLackToken) return UNAUTHORIZED;
      if (!origins.knowsHost(request.headers)) return UNKNOWN_HOST;
    } else {
      caller = callerWith(request, tokens);
      if (caller === null) return UNAUTHORIZED;
    }
    return !reads(request) && origins.isForeignPage(request.headers) ? FOREIGN_PAGE : caller;
  };
  const atTheHandler = (request: GuardedRequest | undefined, needed?: Role): Refusal | null => {
    if (request === undefined) return UNAUTHORIZED;
    const known = passed.get(request) ?? whoAsks(request);
    if ('status' in known) return known;
    passed.set(request, known);
    return needed === undefined || may(known, needed) ? null : wrongRole(known, needed);
  };
  return {
    atTheDoor: (request) => (reads(request) && isOpen(request.url ?? '') ? null : atTheHandler(request)),
    atTheHandler,
    callerOf: (request) => passed.get(request) ?? null,
  };
}

function reads({ method }: GuardedRequest): boolean {
  return method === 'GET' || method === 'HEAD';
}

function isOpen(target: string): boolean {
  const query = target.indexOf('?');
  return OPEN_PATHS.has(query < 0 ? target : target.slice(0, query));
}
