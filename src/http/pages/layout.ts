import { html } from 'hono/html';
import type { Html } from './respond.ts';
import { clock } from './words.ts';

export interface Shell {
  readonly title: string;
  /** What the page was made from; live.js compares it with what the service tells. Null: a page that stands still. */
  readonly version: string | null;
  readonly now: number;
  /** Milliseconds between refreshes while something is written that the version does not tell of; null: none. */
  readonly refresh?: number | null;
}

/** Blank, so that no browser asks for /favicon.ico. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='3' fill='%23155e4b'/%3E%3Cpath d='M4 11l4-6 4 6' fill='none' stroke='%23fff' stroke-width='2'/%3E%3C/svg%3E";

/** The document around a page's content. */
export function shell({ title, version, now, refresh = null }: Shell, content: Html): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Forestall</title>
<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="/assets/style.css">
${version === null ? '' : html`<script src="/assets/live.js" defer></script>`}
</head>
<body>
<a class="skip-link" href="#content">Skip to the content</a>
<header class="top">
<a class="home" href="/">Forestall</a>
<nav aria-label="Pages"><a href="/executions">History</a> <a href="/try">Try a prediction</a></nav>
<p id="contact" class="contact" role="status">as of ${clock(now)}</p>
</header>
<main id="content" tabindex="-1" data-version="${version ?? ''}" data-refresh="${refresh ?? ''}">
${content}
</main>
<footer><p>Times are UTC. What is here by hand is there by program: <a href="/api/v1/status">status</a>, <a href="/openapi.json">API</a>, <a href="/metrics">metrics</a>.</p></footer>
</body>
</html>
`;
}

/** A page that says why something was not done. */
export function problemPage(title: string, message: string, issues: readonly string[], now: number): Html {
  return shell(
    { title, version: null, now },
    html`<section class="panel narrow">
<h1>${title}</h1>
<p>${message}</p>
${issues.length === 0 ? '' : html`<ul>${issues.map((issue) => html`<li>${issue}</li>`)}</ul>`}
<p><a href="/">Back to the status page</a></p>
</section>`,
  );
}
