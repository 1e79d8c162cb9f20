import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SECURITY_HEADERS } from '../respond.ts';
import type { HttpContext, Route } from '../route.ts';

const TYPES = { 'style.css': 'text/css; charset=utf-8', 'live.js': 'text/javascript; charset=utf-8' } as const;

/** The files that pages name, read once. They lie beside this file, in the sources and in the build. */
export function assetRoutes(): readonly Route[] {
  return Object.entries(TYPES).map(([name, type]) => {
    const body = readFileSync(new URL(`assets/${name}`, import.meta.url));
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    const headers = { ...SECURITY_HEADERS, 'cache-control': 'no-cache', 'content-type': type, etag };
    return {
      method: 'GET',
      path: `/assets/${name}`,
      handle: async ({ req }: HttpContext) => {
        const known = req.header('if-none-match') ?? '';
        const fresh = known.split(/\s*,\s*/).some((tag) => tag.replace(/^W\//, '') === etag || tag === '*');
        return fresh ? new Response(null, { status: 304, headers }) : new Response(body, { headers });
      },
    } satisfies Route;
  });
}
