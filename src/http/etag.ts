import { hash } from 'node:crypto';
import { JSON_HEADERS, SECURITY_HEADERS } from './respond.ts';
import type { HttpContext } from './route.ts';

/** Kept by whoever asked, and asked about again before each use. */
const CACHE_CONTROL = 'private, no-cache';

/** The tag of a body: equal over processes and restarts wherever the bytes are. */
export function entityTag(body: string): string {
  return `"${hash('sha256', body, 'base64url').slice(0, 27)}"`;
}

/** JSON with its entity tag, or a 304 where the client names that tag as the one it has. */
export function taggedJson({ req }: HttpContext, body: string, tag = entityTag(body)): Response {
  const known = names(req.header('if-none-match'), tag);
  const headers = { ...(known ? SECURITY_HEADERS : JSON_HEADERS), 'cache-control': CACHE_CONTROL, etag: tag };
  return known ? new Response(null, { status: 304, headers }) : new Response(body, { status: 200, headers });
}

/** The weak comparison of RFC 9110: a proxy that compresses marks the tag `W/`. */
function names(given: string | undefined, tag: string): boolean {
  if (given === undefined) return false;
  if (given.trim() === '*') return true;
  return given.split(',').some((one) => one.trim().replace(/^W\//, '') === tag);
}
