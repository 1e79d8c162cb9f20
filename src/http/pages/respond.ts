import type { html } from 'hono/html';
import { SECURITY_HEADERS } from '../respond.ts';

/** A piece of a page; what was put into it is escaped. */
export type Html = ReturnType<typeof html>;

const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * On every page. With `no-referrer` a browser would send `Origin: null` with our own forms, and where the page is not on
 * a secure origin nothing else tells them from a foreign page's.
 */
const PAGE_HEADERS: Readonly<Record<string, string>> = {
  ...SECURITY_HEADERS,
  'content-security-policy': POLICY,
  'content-type': 'text/html; charset=utf-8',
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'same-origin',
};

export async function pageAnswer(status: number, page: Html): Promise<Response> {
  return new Response(String(await page), { status, headers: PAGE_HEADERS });
}

/** Sends the browser on with a GET, so that reloading does nothing twice. */
export function seeOther(path: string): Response {
  return new Response(null, { status: 303, headers: { ...SECURITY_HEADERS, location: path } });
}
